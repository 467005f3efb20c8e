// What is measured, and what stands behind it: each candidate is one process on the first core; the canned backend and the load have
// the last one.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fill, makeToken, root, writeFiles } from './workloads.mjs';

export const built = process.env.DRAGOMAN_BIN ?? join(root, 'build/release/dragoman');
export const FIRST = '0';
export const LAST = '1';
const ports = {};
const children = {};
export const bench = { dir: undefined, token: undefined, ports };

// Each listens on the port of its name; `proxy` ones forward and translate nothing. DOCUMENTED is Dragoman with a backend that has
// its documented calls only.
export const candidates = {
  dragoman: { name: 'dragoman', port: 'DRAGOMAN', proxy: true, start: () => startDragoman('DRAGOMAN') },
  documented: { name: 'dragoman', port: 'DOCUMENTED', proxy: true, start: () => startDragoman('DOCUMENTED') },
  nginx: { name: 'nginx', port: 'PROXY', proxy: true, start: () => start('PROXY', FIRST, 'nginx', ['-c', fill('proxy.conf', bench.dir, ports)]) },
  haproxy: { name: 'HAProxy', port: 'HAPROXY', proxy: true,
    start: () => start('HAPROXY', FIRST, 'haproxy', ['-f', fill('haproxy.cfg', bench.dir, ports)]) },
  lua: { name: 'nginx + Lua', port: 'LUA', start: () => start('LUA', FIRST, 'nginx', ['-c', fill('lua.conf', bench.dir, ports)]) },
  floor: { name: 'floor', port: 'FLOOR', proxy: true, start: () => startFloor('FLOOR') },
  reader: { name: 'floor that reads', port: 'READER', proxy: true, start: () => startFloor('READER', '--read') },
  node: { name: 'Node', port: 'NODE', start: () => start('NODE', FIRST, process.execPath,
    [join(root, 'tests/bench/node/gateway.mjs'), String(ports.NODE), String(ports.CANNED), join(bench.dir, 'issuer.pem')]) },
};

const freePort = () => new Promise((resolve, reject) => {
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

async function up(port) {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`);
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`nothing listens on ${port}: ${Object.values(children).map((c) => c.said ?? '').join('')}`);
}

async function start(port, cores, command, args) {
  const child = spawn('taskset', ['-c', cores, command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (text) => { child.said = (child.said ?? '') + text; });
  children[port] = child;
  await up(ports[port]);
}

// The least that forwarding costs (floor.c).
const startFloor = (port, ...options) =>
  start(port, FIRST, join(root, 'build/release/tests/bench/floor'), [String(ports[port]), String(ports.CANNED), ...options]);

// As `name`.yaml says, on these cores (as taskset writes them), of this build or another one: its process.
export async function startDragoman(name, cores = FIRST, sets = [], binary = built) {
  const file = join(bench.dir, `${name}.yaml`);
  const imported = spawnSync(binary, ['crosswalk', 'import', join(bench.dir, 'ids.csv'), '-c', file], { encoding: 'utf8' });
  if (imported.status !== 0) throw new Error(imported.stderr);
  await start(name, cores, binary, ['serve', '-c', file, ...sets.flatMap((set) => ['--set', set])]);
  return children[name].pid;
}

// Starts the canned backend and those named.
export async function open(names) {
  bench.dir = mkdtempSync(join(tmpdir(), 'dragoman-bench-'));
  for (const name of ['CANNED', 'TWO', 'OTHER', 'OTHER_DOCUMENTED', ...Object.values(candidates).map((one) => one.port)])
    for (const port of [name, `${name}_ADMIN`]) ports[port] = await freePort();
  bench.token = makeToken(bench.dir);
  writeFiles(bench.dir, ports);
  chmodSync(bench.dir, 0o755); // nginx's worker reads the answers as another user
  await start('CANNED', LAST, 'nginx', ['-c', fill('canned.conf', bench.dir, ports)]);
  for (const name of names) await candidates[name].start();
}

export async function close() {
  for (const child of Object.values(children)) child.kill('SIGTERM');
  await sleep(500);
  if (bench.dir) rmSync(bench.dir, { recursive: true, force: true });
}
