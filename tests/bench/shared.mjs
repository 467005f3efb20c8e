// What every part shares: the options of its command line, and the one file that results are kept in.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './workloads.mjs';

export const resultFile = join(root, 'build/bench.json');

export const has = (name) => process.argv.includes(`--${name}`);

export function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
}

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

export function results() {
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8'));
  } catch {
    return {};
  }
}

// In place of what this part said before; what other parts said stays. `result` is of names; those it does not name stay, too.
export function keep(part, result) {
  const all = results();
  const { at, machine, ...before } = all[part] ?? {};
  all[part] = { at: new Date().toISOString(), machine: `${cpus().length} cores, ${cpus()[0].model.trim()}`, ...before, ...result };
  mkdirSync(dirname(resultFile), { recursive: true });
  writeFileSync(resultFile, `${JSON.stringify(all, null, 2)}\n`);
}
