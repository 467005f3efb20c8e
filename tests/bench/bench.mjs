// Dragoman beside what could be used instead, in one run: rounds are interleaved and ratios taken round by round, because a
// machine's speed drifts. Usage: node tests/bench/bench.mjs [--rounds 7] [--seconds 4] [--only W1,W2]; see docs/performance.md.
import { spawn, spawnSync } from 'node:child_process';
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const binary = process.env.DRAGOMAN_BIN ?? join(root, 'build/release/dragoman');
const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
};
const rounds = Number(option('rounds', 7));
const seconds = Number(option('seconds', 4));
const only = option('only', 'W1,W2,W3').split(',');
const against = option('against', 'nginx,nginx + Lua').split(','); // --against '' measures Dragoman alone
const dir = mkdtempSync(join(tmpdir(), 'dragoman-bench-'));
const children = [];

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

async function up(port, path = '/') {
  for (let tries = 0; tries < 100; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}${path}`);
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`nothing listens on ${port}: ${children.map((c) => c.said ?? '').join('')}`);
}

const patient = '"first_name":"John","last_name":"Doe","date_of_birth":"2010-05-15","gender":"male","email":"john.doe@example.com",'
  + '"phone":"+1-555-123-4567","external_ids":{"medical-record-number":"121212"},"status":"active","metadata":{"address":'
  + '{"line":"123 Main St","city":"Anytown","state":"CA","postal_code":"12345"}},"created_at":"2023-10-20T10:00:00.000Z",'
  + '"updated_at":"2023-10-20T15:30:00.000Z"';

function config(name, ports) {
  let text = readFileSync(join(here, name), 'utf8').replaceAll('@DIR@', dir).replaceAll('@HERE@', here)
    .replaceAll('@PATIENT@', patient);
  for (const [key, port] of Object.entries(ports)) text = text.replaceAll(`@${key}@`, String(port));
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

// An issuer of our own with an RSA key: the token check is part of what is measured.
function makeToken() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'issuer.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({
    iss: 'https://bench.example', aud: 'dragoman', sub: 'bench', brand_id: 'acme', iat: now, exp: now + 86400,
    scope: 'read:patients write:patients read:metrics write:metrics',
  })}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}

function writeFiles(ports) {
  const list = Array.from({ length: 50 }, (_, i) => `{"id":"${randomUUID()}","brand_id":"acme",${patient},"groups":[]}`
    .replace('121212', String(200000 + i)));
  writeFileSync(join(dir, 'list.json'), `{"patients":[${list.join(',')}],"total":5000}`);
  writeFileSync(join(dir, 'ids.csv'), 'dialect,kind,brand,dialect_id,canonical_id\n'
    + 'general,patient,acme,1049,00000000-0000-4000-8000-000000001049\n');
  writeFileSync(join(dir, 'post.lua'), `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[${readFileSync(join(root, 'tests/e2e/documents/general-create.json'), 'utf8').trim()}]]
`);
  writeFileSync(join(dir, 'bench.yaml'), `listen: 127.0.0.1:${ports.DRAGOMAN}
admin: { listen: 127.0.0.1:${ports.ADMIN} }
workers: 1
state_dir: ${dir}/state
mappings: ${root}/mappings
default_facade: patient-graph
log: { access: ${dir}/access.log }
backend: { url: "http://127.0.0.1:${ports.CANNED}" }
auth:
  issuers:
    - issuer: https://bench.example
      keys: [{ file: ${dir}/issuer.pem, algorithm: RS256 }]
`);
}

const workloads = {
  W1: { what: 'General GET /v1/patients/{id}', path: '/v1/patients/1049', connections: 32 },
  W2: { what: 'General POST /v1/patients, a durable id each', path: '/v1/patients', connections: 128, script: 'post.lua' },
  W3: { what: 'Twine GET /pub/patient, 50 per page', connections: 32,
    path: '/pub/patient?filter[organization]=58c4554710123c5c40dbab81&page[size]=50&page[number]=1' },
};

function load(workload, port, token) {
  const args = ['-c', '1', 'wrk', '-t1', `-c${workload.connections}`, `-d${seconds}s`, '-H', `X-User-Token: ${token}`];
  if (workload.path.startsWith('/pub')) args.splice(args.length - 2, 2, '-H', `Authorization: Bearer ${token}`);
  if (workload.script) args.push('-s', join(dir, workload.script));
  const run = spawnSync('taskset', [...args, `http://127.0.0.1:${port}${workload.path}`], { encoding: 'utf8' });
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(run.stdout);
  if (!rate) throw new Error(`wrk: ${run.stdout}${run.stderr}`);
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(run.stdout);
  if (failed) throw new Error(`${workload.path} on ${port}: ${failed[1]} answers were no success`);
  return Number(rate[1]);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function main() {
  const ports = {};
  for (const name of ['CANNED', 'PROXY', 'LUA', 'DRAGOMAN', 'ADMIN']) ports[name] = await freePort();
  const token = makeToken();
  writeFiles(ports);
  chmodSync(dir, 0o755); // nginx's worker reads the list as another user
  const everyone = { dragoman: ports.DRAGOMAN, nginx: ports.PROXY, 'nginx + Lua': ports.LUA };
  const candidates = Object.fromEntries(Object.entries(everyone).filter(([key]) => key === 'dragoman' || against.includes(key)));
  const dragoman = (...args) => spawnSync(binary, [...args, '-c', join(dir, 'bench.yaml')], { encoding: 'utf8' });
  const imported = dragoman('crosswalk', 'import', join(dir, 'ids.csv'));
  if (imported.status !== 0) throw new Error(imported.stderr);
  writeFileSync(join(dir, 'brand.csv'), 'twine,brand,acme,58c4554710123c5c40dbab81,acme\n');
  dragoman('crosswalk', 'import', join(dir, 'brand.csv'));
  start(1, 'nginx', ['-c', config('canned.conf', ports)]);
  start(0, 'nginx', ['-c', config('proxy.conf', ports)]);
  start(0, 'nginx', ['-c', config('lua.conf', ports)]);
  start(0, binary, ['serve', '-c', join(dir, 'bench.yaml')]);
  for (const port of [ports.CANNED, ports.PROXY, ports.LUA, ports.DRAGOMAN]) await up(port);

  const results = {};
  for (const [name, workload] of Object.entries(workloads)) {
    if (!only.includes(name)) continue;
    const rates = Object.fromEntries(Object.keys(candidates).map((key) => [key, []]));
    for (let round = 0; round <= rounds; round++) {
      for (const [key, port] of Object.entries(candidates)) {
        const rate = load(workload, port, token);
        if (round > 0) rates[key].push(rate); // the first round warms up
      }
    }
    const row = { what: workload.what, rounds, seconds, requests_per_second: {}, ratio: {} };
    for (const key of Object.keys(candidates)) {
      row.requests_per_second[key] = Math.round(median(rates[key]));
      if (key !== 'dragoman') row.ratio[key] = Number(median(rates.dragoman.map((r, i) => r / rates[key][i])).toFixed(2));
    }
    results[name] = row;
    console.log(`${name}  ${workload.what}`);
    for (const key of Object.keys(candidates)) {
      const ratio = key === 'dragoman' ? '' : `   dragoman is ${row.ratio[key].toFixed(2)} x`;
      console.log(`    ${key.padEnd(12)} ${String(row.requests_per_second[key]).padStart(7)} requests/s${ratio}`);
    }
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
