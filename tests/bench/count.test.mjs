// What is read out of callgrind's files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsTo, functionsOf, perRequest } from './count.mjs';

// main calls work (10 times) and setup; work asks malloc itself (10) and through new_thing (20), which setup calls, too (20).
const profile = `fl=/x/src/flow/main.c
fn=main
1 100
cfn=work
calls=10 5
1 4000
cfn=setup
calls=1 9
1 900
fn=work
2 300
cfn=malloc
calls=10 7
2 1000
cfn=new_thing
calls=20 8
2 2700
fl=/x/src/base/thing.c
fn=new_thing
3 400
cfn=malloc
calls=40 7
3 4000
fl=/x/src/flow/setup.c
fn=setup
4 200
cfn=new_thing
calls=20 8
4 700
fl=./malloc/malloc.c
fn=malloc
7 5000
cfn=calloc
calls=5 1
7 10
summary: 6000
`;

test('who asks for memory is found behind who passes it on', () => {
  const asked = callsTo(profile, /^(malloc|calloc)$/, { name: /^new_thing$/ }, 10);
  assert.deepEqual(asked, [
    { function_: 'work', file: 'flow/main.c', count: 3 },
    { function_: 'setup', file: 'flow/setup.c', count: 2 },
  ]);
  assert.deepEqual(callsTo(profile, /^malloc$/, { name: /^nobody$/ }, 10).map(({ file, count }) => [file, count]), [['base/thing.c', 4], ['flow/main.c', 1]]);
});

test('what was inlined is counted where it stands, or around it if it only passes on', () => {
  const inlined = profile.replace('fn=work\n2 300\n', 'fn=work\n2 300\nfi=/x/src/base/thing.c\n').replace('cfn=new_thing\ncalls=20 8', 'fe=/x/src/flow/main.c\n$&');
  const files = (file) => callsTo(inlined, /^malloc$/, { name: /^nobody$/, file }, 10).map((one) => [one.function_, one.file, one.count]);
  assert.deepEqual(files(), [['new_thing', 'base/thing.c', 4], ['work', 'base/thing.c', 1]]);
  assert.deepEqual(files('base/thing.c'), [['new_thing', 'base/thing.c', 4], ['work', 'flow/main.c', 1]]);
});

test('a function has what it did itself, and a request its part of all', () => {
  assert.deepEqual(functionsOf(profile, 10)[0], ['malloc', 500]);
  assert.deepEqual(functionsOf(profile, 10).find(([name]) => name === 'work'), ['work', 30]);
  assert.deepEqual(perRequest([profile], 10), [600]);
});
