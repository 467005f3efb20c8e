// Instructions per request: whole requests through the flow (instructions.c), counted by valgrind's callgrind, so that they do not
// depend on the machine's mood. Usage: node tests/bench/instructions.mjs [--check | --record] [--top 20]
// --check fails when one grew by more than 10 % since it was recorded for this compiler; --record writes down what was counted; --top
// shows the functions that have the most.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from './judge.mjs';
import { makeToken, onePatient, patients, root, seedBody, series, workloads, writeFiles } from './workloads.mjs';

const binary = process.env.DRAGOMAN_BIN ?? join(root, 'build/release/dragoman');
const program = process.env.INSTRUCTIONS_BIN ?? join(root, 'build/release/tests/bench/instructions');
const recordFile = join(root, 'tests/bench/instructions.json');
const BLOCKS = 5;
const REQUESTS = 96;
const NO_ID = '0'.repeat(32); // instructions.c makes a new one of it each time

const cases = {
  W1: { method: 'GET', answer: [200, onePatient()] },
  W2: { method: 'POST', body: seedBody(), answer: [201, onePatient(NO_ID)], stores: true },
  W3: { method: 'GET', answer: [200, patients(50)] },
  W5: { method: 'GET', answer: [200, series('weight', 100)] },
};

function write(dir, token) {
  for (const [name, { method, body, answer }] of Object.entries(cases)) {
    const { path, bearer } = workloads[name];
    const lines = [`${method} ${path} HTTP/1.1`, 'host: localhost', 'accept: */*',
      path.startsWith('/v1/') && !bearer ? `x-user-token: ${token}` : `authorization: Bearer ${token}`];
    if (body) lines.push('content-type: application/json');
    writeFileSync(join(dir, `${name}.request`), `${lines.join('\n')}\n\n${body ?? ''}`);
    writeFileSync(join(dir, `${name}.answer`), `${answer[0]}\n${answer[1]}`);
  }
}

function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

// The profiles that callgrind wrote, one for each block: what the loop's thread did, or (of a run that is not by threads) all of them.
function readProfiles(dir, out) {
  const profiles = [];
  for (const file of readdirSync(dir)) {
    const block = new RegExp(`^${out}\\.(\\d+)(-01)?$`).exec(file)?.[1];
    if (block) profiles[block - 1] = readFileSync(join(dir, file), 'utf8');
  }
  return profiles;
}

// BLOCKS profiles for each of `names`.
function profile(dir, names, out, byThread) {
  const said = run('valgrind', ['--tool=callgrind', '--quiet', `--callgrind-out-file=${join(dir, out)}`, '--compress-strings=no',
    `--separate-threads=${byThread ? 'yes' : 'no'}`, '--zero-before=measured', '--dump-after=measured',
    program, join(dir, 'DRAGOMAN.yaml'), String(REQUESTS), String(BLOCKS), dir, ...names]).trim().split('\n');
  const profiles = readProfiles(dir, out);
  if (profiles.length !== names.length * BLOCKS) throw new Error(`${profiles.length} blocks were counted`);
  for (const [i, name] of names.entries()) {
    const status = Number(said[i + 1].split(' ')[1]);
    if (status !== cases[name].answer[0]) throw new Error(`${name} was answered ${status}`);
  }
  return { compiler: `${said[0].replace('compiler ', '')} ${process.arch}`,
    of: Object.fromEntries(names.map((name, i) => [name, profiles.slice(i * BLOCKS, (i + 1) * BLOCKS)])) };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const each = (profiles) => profiles.map((text) => Number(/^summary: (\d+)/m.exec(text)[1]) / REQUESTS);
const spreadOf = (values) => (Math.max(...values) - Math.min(...values)) / median(values);

// Of each function itself, without those that it calls.
function functionsOf(text) {
  const own = new Map();
  let name;
  let called = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('fn=')) name = line.slice(3);
    else if (line.startsWith('calls=')) called = true; // the next line is what the call cost
    else if (/^[-+*\d]/.test(line)) {
      if (!called) own.set(name, (own.get(name) ?? 0) + Number(line.split(' ')[1]));
      called = false;
    }
  }
  return [...own].sort((a, b) => b[1] - a[1]).map(([function_, cost]) => [function_, Math.round(cost / REQUESTS)]);
}

function count(dir) {
  writeFiles(dir, { DRAGOMAN: 1, DRAGOMAN_ADMIN: 2, DOCUMENTED: 3, DOCUMENTED_ADMIN: 4, CANNED: 5 });
  write(dir, makeToken(dir));
  run(binary, ['crosswalk', 'import', join(dir, 'ids.csv'), '-c', join(dir, 'DRAGOMAN.yaml')]);
  const loops = profile(dir, Object.keys(cases), 'loop', true);
  const stored = Object.keys(cases).filter((name) => cases[name].stores);
  const whole = profile(dir, stored, 'whole', false);
  const counts = {};
  const spread = {};
  for (const name of Object.keys(cases)) {
    const loop = each(loops.of[name]);
    counts[name] = Math.round(median(loop));
    spread[name] = spreadOf(loop);
    if (!cases[name].stores) continue;
    const both = each(whole.of[name]);
    counts[`${name} stored`] = Math.round(median(both));
    spread[`${name} stored`] = spreadOf(both);
  }
  return { compiler: loops.compiler, counts, spread, profiles: loops.of };
}

function showTop(profiles, rows) {
  for (const [name, [first]] of Object.entries(profiles)) {
    console.log(`\n${name}: instructions per request of the loop's thread, by function`);
    for (const [function_, cost] of functionsOf(first).slice(0, rows)) console.log(`  ${String(cost).padStart(9)}  ${function_}`);
  }
}

const top = process.argv.indexOf('--top');
const dir = mkdtempSync(join(tmpdir(), 'dragoman-instructions-'));
try {
  const { compiler, counts, spread, profiles } = count(dir);
  const recorded = JSON.parse(readFileSync(recordFile, 'utf8'));
  const verdict = judge(compiler, counts, recorded);
  for (const { name, text } of verdict.rows)
    console.log(`${name.padEnd(12)} ${String(counts[name]).padStart(9)} instructions per request `
      + `(spread ${(100 * spread[name]).toFixed(1)} %), ${text}`);
  if (top > 0) showTop(profiles, Number(process.argv[top + 1] ?? 20));
  if (process.argv.includes('--record')) {
    writeFileSync(recordFile, `${JSON.stringify({ ...recorded, [compiler]: counts }, null, 2)}\n`);
  } else if (process.argv.includes('--check')) {
    for (const line of verdict.lines) console.log(line);
    process.exitCode = verdict.failed ? 1 : 0;
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
