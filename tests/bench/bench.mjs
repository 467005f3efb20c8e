// Dragoman beside what could be used instead, in one run: rounds are interleaved and ratios taken round by round, because a
// machine's speed drifts. Usage: node tests/bench/bench.mjs [--all] [--rounds 7] [--seconds 4] [--only W1,W2] [--against nginx,node];
// `--against none` measures Dragoman alone. See docs/performance.md.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fill, makeToken, root, workloads, writeFiles } from './workloads.mjs';

const binary = process.env.DRAGOMAN_BIN ?? join(root, 'build/release/dragoman');
const all = process.argv.includes('--all');
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
};
const rounds = Number(option('rounds', 7));
const seconds = Number(option('seconds', 4));
const only = option('only', Object.keys(workloads).filter((name) => all || !workloads[name].all).join(',')).split(',');
const against = option('against', all ? 'nginx,haproxy,lua,node' : 'nginx,lua').split(',');
const dir = mkdtempSync(join(tmpdir(), 'dragoman-bench-'));
const children = [];

// Each listens on the port of its name; `proxy` ones forward and translate nothing.
const candidates = {
  nginx: { name: 'nginx', port: 'PROXY', proxy: true, start: () => start(0, 'nginx', ['-c', fill('proxy.conf', dir, ports)]) },
  haproxy: { name: 'HAProxy', port: 'HAPROXY', proxy: true, start: () => start(0, 'haproxy', ['-f', fill('haproxy.cfg', dir, ports)]) },
  lua: { name: 'nginx + Lua', port: 'LUA', start: () => start(0, 'nginx', ['-c', fill('lua.conf', dir, ports)]) },
  node: { name: 'Node', port: 'NODE', start: () => start(0, process.execPath,
    [join(root, 'tests/bench/node/gateway.mjs'), String(ports.NODE), String(ports.CANNED), join(dir, 'issuer.pem')]) },
};
const ports = {};

const freePort = () => new Promise((resolve, reject) => {
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// The last core is the load's and the canned backend's; the first is the candidate's.
function start(core, command, args) {
  const child = spawn('taskset', ['-c', String(core), command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (text) => { child.said = (child.said ?? '') + text; });
  children.push(child);
  return child;
}

async function up(port) {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`nothing listens on ${port}: ${children.map((c) => c.said ?? '').join('')}`);
}

async function startDragoman(name) {
  const file = join(dir, `${name}.yaml`);
  const imported = spawnSync(binary, ['crosswalk', 'import', join(dir, 'ids.csv'), '-c', file], { encoding: 'utf8' });
  if (imported.status !== 0) throw new Error(imported.stderr);
  start(0, binary, ['serve', '-c', file]);
  await up(ports[name]);
}

function load(workload, port, token) {
  const general = workload.path.startsWith('/v1/') && !workload.bearer;
  const args = ['-c', '1', 'wrk', '-t1', `-c${workload.connections}`, `-d${seconds}s`,
    '-H', general ? `X-User-Token: ${token}` : `Authorization: Bearer ${token}`];
  if (workload.script) args.push('-s', join(dir, workload.script));
  const run = spawnSync('taskset', [...args, `http://127.0.0.1:${port}${workload.path}`], { encoding: 'utf8' });
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(run.stdout);
  if (!rate) throw new Error(`wrk: ${run.stdout}${run.stderr}`);
  const broken = /Socket errors: .*/.exec(run.stdout);
  if (broken) throw new Error(`${workload.path} on ${port}: ${broken[0]}`);
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(run.stdout);
  if (failed) throw new Error(`${workload.path} on ${port}: ${failed[1]} answers were no success`);
  return Number(rate[1]);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function measure(workload, token) {
  const ran = [['dragoman', ports[workload.documented ? 'DOCUMENTED' : 'DRAGOMAN']]];
  for (const key of against.filter((name) => candidates[name] && (workload.proxy || !candidates[name].proxy)))
    ran.push([candidates[key].name, ports[candidates[key].port]]);
  const rates = Object.fromEntries(ran.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, port] of ran) {
      const rate = load(workload, port, token);
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
  for (const name of only) if (!workloads[name]) throw new Error(`--only ${name}: expected ${Object.keys(workloads).join(', ')}`);
  for (const name of against)
    if (!candidates[name] && name !== 'none') throw new Error(`--against ${name}: expected none, ${Object.keys(candidates).join(', ')}`);
}

async function main() {
  judgeOptions();
  for (const name of ['CANNED', 'PROXY', 'HAPROXY', 'LUA', 'NODE', 'DRAGOMAN', 'DRAGOMAN_ADMIN', 'DOCUMENTED', 'DOCUMENTED_ADMIN'])
    ports[name] = await freePort();
  const token = makeToken(dir);
  writeFiles(dir, ports);
  chmodSync(dir, 0o755); // nginx's worker reads the answers as another user
  start(1, 'nginx', ['-c', fill('canned.conf', dir, ports)]);
  await up(ports.CANNED);
  for (const key of against.filter((name) => candidates[name])) {
    candidates[key].start();
    await up(ports[candidates[key].port]);
  }
  await startDragoman('DRAGOMAN');
  if (only.some((name) => workloads[name].documented)) await startDragoman('DOCUMENTED');

  const results = {};
  for (const name of only) {
    results[name] = measure(workloads[name], token);
    print(name, results[name]);
  }
  const file = join(root, 'build/bench.json');
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\nmedians of ${rounds} rounds of ${seconds} s, one core for each candidate; in ${file}`);
}

try {
  await main();
} finally {
  for (const child of children) child.kill('SIGTERM');
  await sleep(500);
  rmSync(dir, { recursive: true, force: true });
}
