// What is made at random in tests: the same numbers for the same seed.

/** mulberry32: a function that returns the next number from 0 up to 1. */
export function random(state) {
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** Choices by such numbers. */
export function choices(seed) {
    const next = random(seed);
    const below = (n) => Math.floor(next() * n);
    return { next, below, chance: (n) => next() * n < 1, pick: (list) => list[below(list.length)] };
}
