/* An element is taken by a pattern in two ways, by what the processor has. They must be one. */
#include "check.h"

#include "json/alike.h"
#include "json/pattern.h"

enum { ROUNDS = 20000, MOST = 200, SLOTS = 9 };

static uint64_t state_of_chance = 7;

static unsigned chance(unsigned of)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state_of_chance >> 33) % of;
}

/* What a pattern is for, byte by byte. */
static bool is_allowed(const struct pattern_bytes *allowed, const char *text, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < allowed->least[i] || byte - allowed->least[i] > allowed->above[i])
            return false;
        if (allowed->above[i] && (byte == '"' || byte == '\\'))
            return false;
    }
    return true;
}

static void draw_pattern(struct pattern_bytes *allowed, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        bool free = chance(3) == 0;
        allowed->least[i] = (unsigned char)(free ? 0x20 : chance(256));
        allowed->above[i] = (unsigned char)(free ? 0x5F : 0);
    }
    allowed->least[len - 1] = '}';
    allowed->above[len - 1] = 0;
}

/* By the pattern, but for a byte or two now and then. */
static void draw_text(const struct pattern_bytes *allowed, char *text, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        text[i] = allowed->above[i] ? "ax09 ~"[chance(6)] : (char)allowed->least[i];
    for (unsigned changes = chance(2) ? chance(3) : 0; changes; changes--)
        text[chance(len)] = chance(2) ? "\"\\\x1F\x7F\x80"[chance(5)] : (char)chance(256);
}

enum { ELEMENTS = 4 };

/* Elements of the same length, mostly with a comma between, in an array that goes on or not. */
static uint32_t draw_elements(struct pattern_bytes *allowed, char *text, uint32_t len)
{
    const uint32_t elements = 1 + chance(ELEMENTS);

    draw_pattern(allowed, len);
    for (uint32_t i = 0; i < elements; i++, text += len + 1) {
        draw_text(allowed, text, len);
        text[len] = ",,,,] "[chance(6)];
    }
    return elements;
}

/* What is to be taken, element by element. */
static uint32_t count_allowed(const struct pattern_bytes *allowed, const char *text, uint32_t len, uint32_t most)
{
    for (uint32_t i = 0; i < most; i++, text += len + 1) {
        if (text[len - 1] != '}' || (text[len] != ',' && text[len] != ']') || !is_allowed(allowed, text, len))
            return i;
        if (text[len] == ']')
            return i + 1;
    }
    return most;
}

static void draw_slots(struct tape_slot *slots, uint32_t count, uint32_t len)
{
    for (uint32_t i = 0; i < count; i++)
        slots[i] = (struct tape_slot){ .at = chance(1000), .len = i ? chance(1000) : len, .next = i ? chance(1000) : count,
                                       .count = chance(1000) & 1023, .type = chance(7) & 7, .shape = chance(16) & 15,
                                       .escaped = chance(2) & 1 };
}

static void takes_alike(void **state)
{
    static struct pattern_bytes allowed;
    pattern_take_fn *const ways[] = { pattern_take_anywhere, pattern_taker() };
    unsigned taken = 0, many = 0;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint32_t len = (uint32_t)sizeof(bytes32) + chance(MOST - (unsigned)sizeof(bytes32)), count = 1 + chance(SLOTS);
        const uint32_t room = chance(ELEMENTS + 1), wanted = 1 + chance(ELEMENTS);
        char text[ELEMENTS * (MOST + 1)];
        struct tape_slot model[SLOTS];
        const uint32_t elements = draw_elements(&allowed, text, len), end = elements * (len + 1);
        const uint32_t least = room < wanted ? room : wanted, most = least < elements ? least : elements;
        draw_slots(model, count, len);
        const uint32_t expected = count_allowed(&allowed, text, len, most);
        taken += expected > 0;
        many += expected > 1;
        for (size_t way = 0; way < COUNT(ways); way++) {
            struct tape_slot slots[SLOTS * (ELEMENTS + 2)] = { { .len = 0 } };
            memcpy(slots, model, sizeof model);
            const struct reader r = { .start = text, .end = text + end, .slots = slots, .stop = slots + (1 + room) * count };
            const struct pattern pattern = { .len = len, .bytes = &allowed };
            const struct tape_slot untouched = slots[(1 + expected) * count];
            struct place p = { .at = text, .to = slots + count };
            const uint32_t got = ways[way](&r, &pattern, &p, wanted);
            CHECK(got == expected, "way %zu, round %u: %u of %u, not %u", way, round, got, elements, expected);
            CHECK(p.at == text + (got ? got * (len + 1) - 1 : 0) && p.to == slots + (1 + got) * count, "way %zu, round %u: the place",
                  way, round);
            CHECK(memcmp(p.to, &untouched, sizeof untouched) == 0, "way %zu wrote past %u slots", way, got * count);
            for (uint32_t i = 0; i < got * count; i++) {
                struct tape_slot moved = model[i % count];
                moved.at += i / count * (len + 1) - model[0].at;
                moved.next += (1 + i / count) * count;
                CHECK(memcmp(&slots[count + i], &moved, sizeof moved) == 0, "way %zu, slot %u of %u", way, i, count);
            }
        }
    }
    CHECK(taken > ROUNDS / 10 && taken < ROUNDS - ROUNDS / 10, "of %u of %u something was taken", taken, ROUNDS);
    CHECK(many > ROUNDS / 50, "of %u of %u more than one", many, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
