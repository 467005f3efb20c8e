// What a second worker costs: CPU time per request with two workers, beside one, in turn; and how often either called the kernel because
// of a lock (futex). Everything may run on every core. Usage: node tests/bench/workers.mjs [--rounds 7] [--seconds 2] [--only W1,W3]
import { spawn, spawnSync } from 'node:child_process';
import { bench, close, open, startDragoman } from './candidates.mjs';
import { loadOf, rateOf } from './load.mjs';
import { keep, median, option } from './shared.mjs';
import { workloads } from './workloads.mjs';

const AIM = 1.1;
const CORES = '0-1';
const FUTEX = 'syscalls:sys_enter_futex';
const rounds = Number(option('rounds', 7));
const seconds = Number(option('seconds', 2));
const only = option('only', 'W1,W3').split(',');

const countable = () => spawnSync('perf', ['stat', '-e', FUTEX, 'true']).status === 0;

// Futex calls per thousand requests. A lock that nobody else holds makes none.
async function futexes(workload, port, pid) {
  const perf = spawn('perf', ['stat', '-x', ',', '-e', FUTEX, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  perf.stderr.on('data', (text) => { said += text; });
  const ended = new Promise((resolve) => { perf.once('exit', resolve); });
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  const { requests } = rateOf(workload, port, seconds, CORES);
  perf.kill('SIGINT');
  await ended;
  return 1000 * Number(said.split(',')[0]) / requests;
}

async function measure(name, gateways) {
  const workload = workloads[name];
  const us = gateways.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { port, pid }] of gateways.entries()) {
      const { cpu: cost } = loadOf(workload, port, pid, round ? seconds : 1, CORES);
      if (round) us[i].push(cost); // the first round warms up
    }
  }
  const ratio = median(us[1].map((cost, i) => cost / us[0][i]));
  const result = { one_us: median(us[0]), two_us: median(us[1]), ratio };
  console.log(`${name}  ${workload.what}\n    ${result.one_us.toFixed(1)} µs of a core per request with one worker, ${result.two_us.toFixed(1)} with two: `
    + `${ratio.toFixed(2)} x; the aim, ${AIM} x, is ${ratio <= AIM ? 'met' : 'not met'}`);
  if (!countable()) {
    console.log('    futex calls were not counted: that takes perf (package linux-perf) and the right to use it');
    return result;
  }
  const [one, two] = [await futexes(workload, gateways[0].port, gateways[0].pid), await futexes(workload, gateways[1].port, gateways[1].pid)];
  console.log(`    futex calls per 1,000 requests: ${one.toFixed(2)} with one worker, ${two.toFixed(2)} with two`);
  return { ...result, futex_per_1000: { one, two } };
}

try {
  for (const name of only) if (!workloads[name]) throw new Error(`--only ${name}: expected ${Object.keys(workloads).join(', ')}`);
  await open([]);
  const gateways = [];
  for (const name of ['DRAGOMAN', 'TWO']) gateways.push({ port: bench.ports[name], pid: await startDragoman(name, CORES) });
  for (const name of only) keep('workers', { [name]: await measure(name, gateways) });
  console.log(`\nmedians of ${rounds} rounds of ${seconds} s after one of warm-up`);
} finally {
  await close();
}
