// Counts instructions of whole requests through the flow: instructions.c under valgrind's callgrind.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeToken, root, writeFiles } from './workloads.mjs';

const binary = process.env.DRAGOMAN_BIN ?? join(root, 'build/release/dragoman');
const program = join(root, 'build/release/tests/bench/instructions');
export const NO_ID = '0'.repeat(32); // the first one in an answer of the backend becomes a new id each time

// valgrind counts `rep stosb` once for each byte that it writes: memset and memcpy shall use the stores that they have beside it.
const PLAIN_STORES = 'glibc.cpu.x86_rep_stosb_threshold=1073741824:glibc.cpu.x86_rep_movsb_threshold=1073741824';

function run(command, args, env = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, env: { ...process.env, ...env } });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

// A case: method, path, whether the token is a Bearer, body, type; answer: the status and body that the backend says to every call.
function writeCase(dir, name, { method, path, bearer, body, type, answer }, token) {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: localhost', 'accept: */*',
    bearer ? `authorization: Bearer ${token}` : `x-user-token: ${token}`];
  if (body) lines.push(`content-type: ${type ?? 'application/json'}`);
  writeFileSync(join(dir, `${name}.request`), `${lines.join('\n')}\n\n${body ?? ''}`);
  writeFileSync(join(dir, `${name}.answer`), `${answer[0]}\n${answer[1]}`);
}

// callgrind writes one file for each block: of the loop's thread, or (of a run that is not by threads) of all of them.
function readProfiles(dir, out) {
  const profiles = [];
  for (const file of readdirSync(dir)) {
    const block = new RegExp(`^${out}\\.(\\d+)(-01)?$`).exec(file)?.[1];
    if (block) profiles[block - 1] = readFileSync(join(dir, file), 'utf8');
  }
  return profiles;
}

// A folder with a configuration, a token and a store for the requests of `use`; `settings`: YAML beyond the benchmark's.
export function inFolder(settings, use) {
  const dir = mkdtempSync(join(tmpdir(), 'dragoman-count-'));
  try {
    writeFiles(dir, { DRAGOMAN: 1, DRAGOMAN_ADMIN: 2, DOCUMENTED: 3, DOCUMENTED_ADMIN: 4, CANNED: 5 });
    appendFileSync(join(dir, 'DRAGOMAN.yaml'), settings);
    run(binary, ['crosswalk', 'import', join(dir, 'ids.csv'), '-c', join(dir, 'DRAGOMAN.yaml')]);
    return use(dir, makeToken(dir));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

// `blocks` profiles for each of `cases` (by name), of as many requests as each case says; whole: the store's thread is in them.
// What the client is answered must be a 2xx.
export function profile(dir, token, cases, { blocks, whole = false }) {
  const names = Object.keys(cases);
  const out = `out-${whole}`;
  for (const name of names) writeCase(dir, name, cases[name], token);
  const said = run('valgrind', ['--tool=callgrind', '--quiet', `--callgrind-out-file=${join(dir, out)}`, '--compress-strings=no',
    `--separate-threads=${whole ? 'no' : 'yes'}`, '--zero-before=measured', '--dump-after=measured',
    program, join(dir, 'DRAGOMAN.yaml'), String(blocks), dir, ...names.map((name) => `${name}:${cases[name].requests}`)],
    { GLIBC_TUNABLES: PLAIN_STORES }).trim().split('\n');
  const profiles = readProfiles(dir, out);
  if (profiles.length !== names.length * blocks) throw new Error(`${profiles.length} blocks were counted`);
  for (const [i, name] of names.entries()) {
    const [, status, bytes] = said[i + 1].split(' ').map(Number);
    if (status < 200 || status > 299) throw new Error(`${name} was answered ${status}`);
    cases[name].answered = bytes;
  }
  return { compiler: `${said[0].replace('compiler ', '')} ${process.arch}`,
    of: Object.fromEntries(names.map((name, i) => [name, profiles.slice(i * blocks, (i + 1) * blocks)])) };
}

// Instructions per request, block by block.
export const perRequest = (profiles, requests) => profiles.map((text) => Number(/^summary: (\d+)/m.exec(text)[1]) / requests);

// Of each function itself, without those that it calls.
export function functionsOf(text, requests) {
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
  return [...own].sort((a, b) => b[1] - a[1]).map(([function_, cost]) => [function_, Math.round(cost / requests)]);
}

// Who calls the functions that match, directly or through functions that match `passed.name`: { function_, file, count } per request. The
// file, as FOLDER/NAME, is the one that the call stands in, so that an inlined function is counted under its own; but under that of
// the function around it if it stands in `passed.file`.
export function callsTo(text, wanted, passed, requests) {
  const calls = []; // { from, file, to, count }
  let from, file, around, to;
  for (const line of text.split('\n')) {
    if (/^f[lie]=/.test(line)) file = line.slice(3).split('/').slice(-2).join('/');
    if (line.startsWith('fl=')) around = file;
    else if (line.startsWith('fn=')) from = line.slice(3);
    else if (line.startsWith('cfn=')) to = line.slice(4);
    else if (line.startsWith('calls='))
      calls.push({ from, file: file === passed.file ? around : file, to, count: Number(line.slice(6).split(' ')[0]) });
  }
  const asked = new Map();
  const follow = (target, share) => {
    for (const call of calls.filter((one) => target(one.to))) {
      const count = call.count * share;
      if (wanted.test(call.from)) continue; // inside of libc
      if (!passed.name.test(call.from)) {
        const key = `${call.from} ${call.file}`;
        asked.set(key, { function_: call.from, file: call.file, count: (asked.get(key)?.count ?? 0) + count / requests });
        continue;
      }
      const entered = calls.filter((one) => one.to === call.from).reduce((sum, one) => sum + one.count, 0);
      follow((name) => name === call.from, count / entered);
    }
  };
  follow((name) => wanted.test(name), 1);
  return [...asked.values()].sort((a, b) => b.count - a.count);
}
