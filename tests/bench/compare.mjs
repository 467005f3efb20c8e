// This build beside another one, in many short turns: what a change costs or spares, on a machine that is never quiet.
// Usage: node tests/bench/compare.mjs BINARY [--only W1,W3] [--rounds 20] [--seconds 1]
import { bench, close, FIRST, open, startDragoman } from './candidates.mjs';
import { loadOf } from './load.mjs';
import { median, option } from './shared.mjs';
import { workloads } from './workloads.mjs';

const other = process.argv[2];
const rounds = Number(option('rounds', 20));
const seconds = Number(option('seconds', 1));
const only = option('only', 'W1,W3,W5').split(',');

const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return `${median(sorted).toFixed(3)} (half of them ${sorted[sorted.length >> 2].toFixed(3)} to ${sorted[(3 * sorted.length) >> 2].toFixed(3)})`;
};

// Whoever goes first changes from round to round.
function measure(workload, pair) {
  const ratios = { rate: [], cpu: [] };
  for (let round = 0; round <= rounds; round++) {
    const turns = round % 2 ? pair : [...pair].reverse();
    const found = Object.fromEntries(turns.map(({ name, pid }) => [name, loadOf(workload, bench.ports[name], pid, seconds)]));
    const [mine, theirs] = pair.map(({ name }) => found[name]);
    if (round === 0) continue; // the first round warms up
    ratios.rate.push(mine.rate / theirs.rate);
    ratios.cpu.push(mine.cpu / theirs.cpu);
  }
  return ratios;
}

async function compare(name) {
  const names = workloads[name].documented ? ['DOCUMENTED', 'OTHER_DOCUMENTED'] : ['DRAGOMAN', 'OTHER'];
  await open([]);
  const pair = [{ name: names[0], pid: await startDragoman(names[0]) }, { name: names[1], pid: await startDragoman(names[1], FIRST, [], other) }];
  const { rate, cpu } = measure(workloads[name], pair);
  console.log(`${name}  requests/s x ${spread(rate)}, time of a core for a request x ${spread(cpu)}`);
  await close();
}

if (!other || other.startsWith('--')) throw new Error('usage: ./dev bench compare BINARY [--only W1,W3] [--rounds 20] [--seconds 1]');
for (const name of only) if (!workloads[name]) throw new Error(`--only ${name}: expected ${Object.keys(workloads).join(', ')}`);
try {
  for (const name of only) await compare(name);
} finally {
  await close();
}
