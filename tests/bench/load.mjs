// Load on one candidate: as much as it takes (wrk), or at a rate, timed from when each request was to begin (openloop.c).
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bench, LAST } from './candidates.mjs';
import { root } from './workloads.mjs';

const openloop = join(root, 'build/release/tests/bench/openloop');

const credential = (workload) => (workload.path.startsWith('/v1/') && !workload.bearer
  ? `X-User-Token: ${bench.token}` : `Authorization: Bearer ${bench.token}`);

// Requests per second; anything but successes is an error.
export function rateOf(workload, port, seconds, cores = LAST) {
  const args = ['-c', cores, 'wrk', '-t1', `-c${workload.connections}`, `-d${seconds}s`, '-H', credential(workload)];
  if (workload.script) args.push('-s', join(bench.dir, workload.script));
  const run = spawnSync('taskset', [...args, `http://127.0.0.1:${port}${workload.path}`], { encoding: 'utf8' });
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(run.stdout);
  if (!rate) throw new Error(`wrk: ${run.stdout}${run.stderr}`);
  const broken = /Socket errors: .*/.exec(run.stdout);
  if (broken) throw new Error(`${workload.path} on ${port}: ${broken[0]}`);
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(run.stdout);
  if (failed) throw new Error(`${workload.path} on ${port}: ${failed[1]} answers were no success`);
  return { rate: Number(rate[1]), requests: Number(/(\d+) requests in/.exec(run.stdout)[1]) };
}

// { count, p50, p99, p999, max } in microseconds, of a workload without a body.
export function latencyOf(workload, port, rate, seconds) {
  const file = join(bench.dir, 'request');
  writeFileSync(file, `GET ${workload.path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\n${credential(workload)}\r\n\r\n`);
  const run = spawnSync('taskset', ['-c', LAST, openloop, String(port), String(Math.round(rate)), String(seconds),
    String(workload.connections), file], { encoding: 'utf8', timeout: (seconds + 30) * 1000 });
  if (run.status !== 0) throw new Error(`openloop: ${run.stderr}`);
  return JSON.parse(run.stdout);
}

// Nanoseconds of a core that a process has had, all its threads together.
const cpuOf = (pid) => readdirSync(`/proc/${pid}/task`)
  .reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]), 0);

// With as much load as it takes: requests per second, and microseconds of a core for each.
export function loadOf(workload, port, pid, seconds, cores = LAST) {
  const before = cpuOf(pid);
  const { rate, requests } = rateOf(workload, port, seconds, cores);
  return { rate, cpu: (cpuOf(pid) - before) / requests / 1000 };
}
