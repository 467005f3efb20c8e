// Dragoman beside what could be used instead, in one run: rounds are interleaved and ratios taken round by round, because a
// machine's speed drifts. Usage: node tests/bench/bench.mjs [--all] [--rounds 7] [--seconds 4] [--only W1,W2] [--against nginx,node];
// `--against none` measures Dragoman alone. See docs/performance.md.
import { bench, candidates, close, open } from './candidates.mjs';
import { rateOf } from './load.mjs';
import { has, keep, median, option, resultFile } from './shared.mjs';
import { workloads } from './workloads.mjs';

const all = has('all');
const rounds = Number(option('rounds', 7));
const seconds = Number(option('seconds', 4));
const only = option('only', Object.keys(workloads).filter((name) => all || !workloads[name].all).join(',')).split(',');
const against = option('against', all ? 'nginx,haproxy,lua,node' : 'nginx,lua').split(',').filter((name) => name !== 'none');

function measure(workload) {
  const keys = [workload.documented ? 'documented' : 'dragoman', ...against.filter((key) => !workload.alone && (workload.proxy || !candidates[key].proxy))];
  const ran = keys.map((key) => [candidates[key].name, bench.ports[candidates[key].port]]);
  const rates = Object.fromEntries(ran.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, port] of ran) {
      const rate = rateOf(workload, port, seconds).rate;
      if (round > 0) rates[name].push(rate); // the first round warms up
    }
  }
  const row = { what: workload.what, rounds, seconds, requests_per_second: {}, ratio: {} };
  for (const [name] of ran) {
    row.requests_per_second[name] = Math.round(median(rates[name]));
    if (name !== 'dragoman') row.ratio[name] = Number(median(rates.dragoman.map((r, i) => r / rates[name][i])).toFixed(2));
  }
  return row;
}

function print(name, row) {
  console.log(`${name}  ${row.what}`);
  for (const [key, rate] of Object.entries(row.requests_per_second)) {
    const ratio = key === 'dragoman' ? '' : `   dragoman is ${row.ratio[key].toFixed(2)} x`;
    console.log(`    ${key.padEnd(12)} ${String(rate).padStart(7)} requests/s${ratio}`);
  }
}

function judgeOptions() {
  const others = Object.keys(candidates).filter((key) => candidates[key].name !== 'dragoman');
  for (const name of only) if (!workloads[name]) throw new Error(`--only ${name}: expected ${Object.keys(workloads).join(', ')}`);
  for (const name of against) if (!others.includes(name)) throw new Error(`--against ${name}: expected none, ${others.join(', ')}`);
}

async function main() {
  judgeOptions();
  const documented = only.some((name) => workloads[name].documented);
  await open(['dragoman', ...(documented ? ['documented'] : []), ...against]);
  const results = {};
  for (const name of only) {
    results[name] = measure(workloads[name]);
    print(name, results[name]);
  }
  keep('rates', results);
  console.log(`\nmedians of ${rounds} rounds of ${seconds} s, one core for each candidate; in ${resultFile}`);
}

try {
  await main();
} finally {
  await close();
}
