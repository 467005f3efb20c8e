// What a well-behaved client waits while somebody attacks, beside a quiet gateway: in turn, and ratios taken pair by
// pair. The client sends at its times (openloop.c); the attacker has what its core leaves over (SCHED_IDLE), the gateway has the other.
// Usage: node tests/bench/attack.mjs [--rounds 5] [--seconds 1] [--pause 50] [--only 'rapid reset']
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bench, close, LAST, open } from './candidates.mjs';
import { latencyOf, rateOf } from './load.mjs';
import { keep, median, option } from './shared.mjs';
import { root, workloads } from './workloads.mjs';

const AIM = 3;
const ATTACKS = ['rapid reset', 'made to reset: window', 'made to reset: data', 'half a request, reset', 'control frames', 'pieces of a head',
  'slow heads', 'slow bodies', 'slow readers'];
const rounds = Number(option('rounds', 5));
const seconds = Number(option('seconds', 1));
const pause = option('pause', '50'); // ms after which an attacker that was cut off is there again
const only = option('only');

async function attacked(attack, ask) {
  const args = ['-c', LAST, 'chrt', '-i', '0', process.execPath, join(root, 'tests/bench/attacker.mjs'), attack, String(bench.ports.DRAGOMAN), bench.token, pause];
  const attacker = spawn('taskset', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = new Promise((resolve) => { attacker.once('exit', resolve); });
  await sleep(1000);
  if (attacker.exitCode !== null) throw new Error(`${attack}: the attacker has ended`);
  const heard = ask();
  attacker.kill('SIGKILL');
  await gone;
  await sleep(200);
  return heard;
}

const range = (values) => `${Math.min(...values)} to ${Math.max(...values)}`;

async function measure(attack, rate) {
  const ask = () => latencyOf(workloads.W1, bench.ports.DRAGOMAN, rate, seconds);
  const quiet = [], loud = [];
  for (let round = 0; round < rounds; round++) {
    quiet.push(ask());
    loud.push(await attacked(attack, ask));
  }
  const p99 = (heard) => heard.map((one) => one.p99);
  const ratio = median(loud.map((one, i) => one.p99 / quiet[i].p99));
  console.log(`${attack.padEnd(22)} p99 ${String(median(p99(loud))).padStart(6)} µs (${range(p99(loud))}), quiet ${String(median(p99(quiet))).padStart(6)} µs `
    + `(${range(p99(quiet))}): ${ratio.toFixed(2)} x, ${ratio <= AIM ? 'met' : 'not met'}`);
  keep('attack', { [attack]: { p99_us: median(p99(loud)), quiet_us: median(p99(quiet)), ratio } });
}

try {
  const chosen = only ? [only] : ATTACKS;
  if (!ATTACKS.includes(chosen[0])) throw new Error(`--only ${only}: expected one of ${ATTACKS.join(', ')}`);
  await open(['dragoman']);
  const rate = Math.round(rateOf(workloads.W1, bench.ports.DRAGOMAN, 1).rate / 8);
  console.log(`${workloads.W1.what}, ${rate} requests/s (an eighth of what it can take); aim: ${AIM} x the quiet p99`);
  for (const attack of chosen) await measure(attack, rate);
  console.log(`\nmedians of ${rounds} pairs of ${seconds} s after one of warm-up; an attacker is back ${pause} ms after it was cut off`);
} finally {
  await close();
}
