// What a request asks of the heap and of locks once everything is warm, counted by callgrind in the loop's thread.
// Usage: node tests/bench/steady.mjs [--check]; --check fails on a malloc that has no reason below, and on a lock that has none.
import { callsTo, inFolder, profile } from './count.mjs';
import { wholeRequests } from './requests.mjs';
import { has, keep } from './shared.mjs';

const REQUESTS = 64;

// Who may: functions of src/, with the reason. Everybody else answers from the exchange's arena and from memory that is the loop's own.
const mayMalloc = {
  'store/task.c': 'a write goes on when the client leaves, so it has memory of its own',
};
const mayLock = {
  'store/cache.c': 'a shard of 64, for one look-up',
  'net/loop.c': 'work for another loop or back, one at a time',
  'store/task.c': 'the list of writes that go on',
  'db/db.c': "the database thread's queue",
};

const MALLOC = /^(malloc|calloc|realloc|memalign|aligned_alloc|posix_memalign)(@|$)/;
const LOCK = /^pthread_(mutex_lock|mutex_trylock|rwlock_\w*lock|spin_lock)(@|$)/;
// An arena is somebody's: who made it, or let it grow, asked.
const PASSED_ON = { name: /^arena_(new|new_sized|new_pooled)$|^block_/, file: 'base/arena.c' };

function print(name, what, asked, allowed) {
  const faults = [];
  for (const { file, function_, count } of asked) {
    const reason = allowed[file];
    console.log(`  ${count.toFixed(2).padStart(8)} ${what} in ${function_} (${file})${reason ? `: ${reason}` : ''}`);
    if (!reason) faults.push(`not ok ${name}: ${count.toFixed(2)} ${what} per request in ${function_} (${file})`);
  }
  return faults;
}

const profiles = inFolder('', (dir, token) => profile(dir, token, wholeRequests(REQUESTS), { blocks: 2 }));
const faults = [];
const counts = {};
for (const [name, [, steady]] of Object.entries(profiles.of)) {
  const mallocs = callsTo(steady, MALLOC, PASSED_ON, REQUESTS);
  const locks = callsTo(steady, LOCK, PASSED_ON, REQUESTS);
  const sum = (asked) => asked.reduce((all, { count }) => all + count, 0);
  counts[name] = { mallocs: sum(mallocs), locks: sum(locks) };
  console.log(`${name}: ${sum(mallocs).toFixed(2)} mallocs, ${sum(locks).toFixed(2)} locks taken per request`);
  faults.push(...print(name, 'mallocs', mallocs, mayMalloc), ...print(name, 'locks', locks, mayLock));
}
keep('steady', counts);
for (const line of faults) console.log(line);
console.log(`${Object.keys(counts).length * 2 - faults.length} passed, ${faults.length} failed`);
if (has('check') && faults.length) process.exitCode = 1;
