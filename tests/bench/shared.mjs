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

const begun = new Set();

// Adds to what this part has said in this run; what it said in an earlier one goes, what other parts said stays.
export function keep(part, result) {
  const all = results();
  const before = begun.has(part) ? all[part] : {};
  begun.add(part);
  all[part] = { at: new Date().toISOString(), cores: cpus().length, ...before, ...result };
  mkdirSync(dirname(resultFile), { recursive: true });
  writeFileSync(resultFile, `${JSON.stringify(all, null, 2)}\n`);
}
