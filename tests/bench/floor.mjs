// The least that forwarding costs here (floor.c), beside nginx and nginx + Lua: what of an aim is possible at all. Rounds are
// interleaved and ratios taken round by round. Usage: node tests/bench/floor.mjs [--rounds 7] [--seconds 2] [--only W1,W2p,W5]
import { bench, candidates, close, open } from './candidates.mjs';
import { rateOf } from './load.mjs';
import { keep, median, option } from './shared.mjs';
import { workloads } from './workloads.mjs';

const rounds = Number(option('rounds', 7));
const seconds = Number(option('seconds', 2));
const only = option('only', 'W1,W2p,W5').split(',');
const keys = ['dragoman', 'floor', 'reader', 'nginx', 'lua'];

function measure(workload) {
  const rates = Object.fromEntries(keys.map((key) => [key, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const key of keys) {
      const { rate } = rateOf(workload, bench.ports[candidates[key].port], seconds);
      if (round > 0) rates[key].push(rate); // the first round warms up
    }
  }
  const over = (one, other) => Number(median(rates[one].map((rate, i) => rate / rates[other][i])).toFixed(2));
  return Object.fromEntries(keys.map((key) => [candidates[key].name,
    { rate: Math.round(median(rates[key])), nginx: over(key, 'nginx'), lua: over(key, 'lua') }]));
}

try {
  for (const name of only) if (!workloads[name]?.proxy) throw new Error(`--only ${name}: expected workloads that a proxy forwards`);
  await open(keys);
  for (const name of only) {
    const found = measure(workloads[name]);
    console.log(`${name}  ${workloads[name].what}`);
    for (const [who, { rate, nginx, lua }] of Object.entries(found))
      console.log(`    ${who.padEnd(18)} ${String(rate).padStart(7)} requests/s, ${nginx.toFixed(2)} x nginx, ${lua.toFixed(2)} x nginx + Lua`);
    keep('floor', { [name]: found });
  }
  console.log(`\nmedians of ${rounds} rounds of ${seconds} s, one core for each candidate`);
} finally {
  await close();
}
