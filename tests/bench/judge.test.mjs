// The judge of the instructions: what grows fails, and nothing else does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './judge.mjs';

const recorded = { 'gcc-1 x64': { W1: 1000, W2: 2000 } };

test('what grew by a tenth passes, and what grew by more fails', () => {
  assert.equal(judge('gcc-1 x64', { W1: 1100, W2: 500 }, recorded).failed, 0);
  const grown = judge('gcc-1 x64', { W1: 1101, W2: 2000 }, recorded);
  assert.equal(grown.failed, 1);
  assert.deepEqual(grown.lines, ['not ok W1: 1101 is 1.101 x the recorded 1000', '1 passed, 1 failed']);
});

test('what is missing on either side fails', () => {
  assert.equal(judge('gcc-1 x64', { W1: 1000 }, recorded).failed, 1);
  assert.equal(judge('gcc-1 x64', { W1: 1000, W2: 2000, W3: 1 }, recorded).failed, 1);
});

test('another compiler is not judged, and told what to add', () => {
  const other = judge('gcc-2 x64', { W1: 9999 }, recorded);
  assert.equal(other.failed, 0);
  assert.match(other.lines.join('\n'), /skipped: no instructions are recorded for gcc-2 x64/);
  assert.match(other.lines.join('\n'), /"gcc-2 x64": \{"W1":9999\}/);
});
