// What a token costs, judged for the first time and again (tokens.c). Usage: node tests/bench/tokens.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keep } from './shared.mjs';
import { root } from './workloads.mjs';

const dir = mkdtempSync(join(tmpdir(), 'dragoman-tokens-'));
try {
  const run = spawnSync(join(root, 'build/release/tests/bench/tokens'), [dir], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  process.stdout.write(run.stdout);
  if (run.status !== 0) throw new Error(`tokens ended with ${run.status}`);
  const rows = [...run.stdout.matchAll(/^(\w+), \d+ bytes: ([\d.]+) us the first time, ([\d.]+) us again/gm)];
  keep('tokens', Object.fromEntries(rows.map(([, name, first, again]) => [name, { first_us: Number(first), again_us: Number(again) }])));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
