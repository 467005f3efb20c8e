// Latency at half of each candidate's own capacity, timed from when each request was to begin (openloop.c). Rounds are interleaved,
// and ratios taken round by round. Usage: node tests/bench/latency.mjs [--rounds 7] [--seconds 2] [--only W1,W3]
import { candidates, close, open, bench } from './candidates.mjs';
import { latencyOf, rateOf } from './load.mjs';
import { keep, median, option } from './shared.mjs';
import { workloads } from './workloads.mjs';

const AIM = 1.5; // of the p99s
const rounds = Number(option('rounds', 7));
const seconds = Number(option('seconds', 2));
const only = option('only', 'W1,W3').split(',');
const names = ['dragoman', 'nginx'];

const range = (values) => `${Math.min(...values)} to ${Math.max(...values)}`;
const portOf = (name) => bench.ports[candidates[name].port];

// The capacity is measured anew in each round, right before: a machine that has become slower would be overloaded by what was half.
function measure(workload) {
  const heard = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const rate = Math.round(rateOf(workload, portOf(name), 1).rate / 2);
      heard[name].push({ rate, ...latencyOf(workload, portOf(name), rate, seconds) });
    }
  }
  return heard;
}

function judge(name, workload, heard) {
  console.log(`${name}  ${workload.what}`);
  for (const key of names) {
    const middle = (what) => String(median(heard[key].map((one) => one[what]))).padStart(6);
    console.log(`    ${key.padEnd(10)} at ${middle('rate')} requests/s: p50 ${middle('p50')} µs, `
      + `p99 ${middle('p99')} µs (${range(heard[key].map((one) => one.p99))}), p99.9 ${middle('p999')} µs`);
  }
  const ratios = heard.dragoman.map((one, i) => one.p99 / heard.nginx[i].p99);
  const ratio = median(ratios);
  console.log(`    p99 is ${ratio.toFixed(2)} x (${range(ratios.map((one) => one.toFixed(2)))}) nginx's: the aim, ${AIM} x, is ${ratio <= AIM ? 'met' : 'not met'}`);
  const of = (key) => ({ ...Object.fromEntries(['rate', 'p50', 'p99', 'p999'].map((what) => [what, median(heard[key].map((one) => one[what]))])),
    p99s: heard[key].map((one) => one.p99) });
  return { dragoman: of('dragoman'), nginx: of('nginx'), ratio, ratios };
}

try {
  for (const name of only)
    if (!workloads[name] || workloads[name].script) throw new Error(`--only ${name}: expected workloads without a body: W1, W3, W5`);
  await open(names);
  for (const name of only) keep('latency', { [name]: judge(name, workloads[name], measure(workloads[name])) });
  console.log(`\nmedians of ${rounds} rounds of ${seconds} s after one of warm-up; one core for each candidate`);
} finally {
  await close();
}
