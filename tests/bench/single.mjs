// What single steps of a request cost once everything is warm (single.c). Usage: node tests/bench/single.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keep } from './shared.mjs';
import { root } from './workloads.mjs';

const AIM_US = 1; // of what the gateway finds for nearly every request
const aimed = (name) => name.startsWith('crosswalk hit');

const dir = mkdtempSync(join(tmpdir(), 'dragoman-single-'));
try {
  const run = spawnSync(join(root, 'build/release/tests/bench/single'), [join(dir, 'state'), join(root, 'mappings')], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`single: ${run.stderr}`);
  const us = JSON.parse(run.stdout);
  for (const [name, cost] of Object.entries(us))
    console.log(`${name.padEnd(36)} ${cost.toFixed(2)} µs${aimed(name) ? `: the aim, ${AIM_US} µs, is ${cost <= AIM_US ? 'met' : 'not met'}` : ''}`);
  console.log('a token, known and new: ./dev bench tokens');
  keep('single', us);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
