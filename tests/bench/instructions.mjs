// Instructions per request: whole requests through the flow (instructions.c), counted by valgrind's callgrind, so that they do not
// depend on the machine's mood. Usage: node tests/bench/instructions.mjs [--check | --record] [--top 20]
// --check fails when one grew by more than 10 % since it was recorded for this compiler; --record writes down what was counted; --top
// shows the functions that have the most.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { functionsOf, inFolder, perRequest, profile } from './count.mjs';
import { judge } from './judge.mjs';
import { wholeRequests } from './requests.mjs';
import { has, keep, median, option } from './shared.mjs';
import { root } from './workloads.mjs';

const recordFile = join(root, 'tests/bench/instructions.json');
const BLOCKS = 5;
const requests = 96;
const cases = wholeRequests(requests);

const spreadOf = (values) => (Math.max(...values) - Math.min(...values)) / median(values);

function count(dir, token) {
  const loops = profile(dir, token, cases, { blocks: BLOCKS });
  const storing = Object.fromEntries(Object.entries(cases).filter(([, one]) => one.stores));
  const whole = profile(dir, token, storing, { blocks: BLOCKS, whole: true });
  const each = {};
  for (const name of Object.keys(cases)) {
    each[name] = perRequest(loops.of[name], requests);
    if (name in storing) each[`${name} stored`] = perRequest(whole.of[name], requests);
  }
  const of = (what) => Object.fromEntries(Object.entries(each).map(([name, values]) => [name, what(values)]));
  return { compiler: loops.compiler, counts: of((values) => Math.round(median(values))), spread: of(spreadOf), profiles: loops.of };
}

function showTop(profiles, rows) {
  for (const [name, [first]] of Object.entries(profiles)) {
    console.log(`\n${name}: instructions per request of the loop's thread, by function`);
    for (const [function_, cost] of functionsOf(first, requests).slice(0, rows)) console.log(`  ${String(cost).padStart(9)}  ${function_}`);
  }
}

const { compiler, counts, spread, profiles } = inFolder('', count);
const recorded = JSON.parse(readFileSync(recordFile, 'utf8'));
const verdict = judge(compiler, counts, recorded);
for (const { name, text } of verdict.rows)
  console.log(`${name.padEnd(12)} ${String(counts[name]).padStart(9)} instructions per request `
    + `(spread ${(100 * spread[name]).toFixed(1)} %), ${text}`);
keep('instructions', { compiler, counts });
const top = has('top') ? Number(option('top')) || 20 : 0;
if (top) showTop(profiles, top);
if (has('record')) {
  writeFileSync(recordFile, `${JSON.stringify({ ...recorded, [compiler]: counts }, null, 2)}\n`);
} else if (has('check')) {
  for (const line of verdict.lines) console.log(line);
  process.exitCode = verdict.failed ? 1 : 0;
}
