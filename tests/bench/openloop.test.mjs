// The open-loop sender: a server that stands still is seen by every request that was to begin meanwhile.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from './workloads.mjs';

const program = join(root, 'build/release/tests/bench/openloop');
const dir = mkdtempSync(join(tmpdir(), 'dragoman-openloop-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const serve = (handler) => new Promise((resolve) => {
  const server = createServer(handler).listen(0, '127.0.0.1', () => resolve(server));
});

async function send(server, rate, connections) {
  const file = join(dir, 'request');
  writeFileSync(file, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const child = spawn(program, [server.address().port, rate, 1, connections, file].map(String));
  let said = '';
  let failed = '';
  child.stdout.on('data', (text) => { said += text; });
  child.stderr.on('data', (text) => { failed += text; });
  const status = await new Promise((resolve) => { child.once('close', resolve); });
  server.close();
  server.closeAllConnections?.();
  return { status, failed, heard: status === 0 ? JSON.parse(said) : undefined };
}

// Of 500 requests a second with two connections, a sender that waits for answers would send two in the 600 ms, and call 99 % fast.
test('who was to begin during a pause has waited, although no connection was free to send it', async () => {
  let first = 0;
  const standStill = () => { for (const end = Date.now() + 600; Date.now() < end;); };
  const server = await serve((request, answer) => {
    first ||= Date.now();
    if (Date.now() - first > 1200) {
      first = Infinity;
      standStill();
    }
    answer.end('{}');
  });
  const { status, failed, heard } = await send(server, 500, 2);
  assert.equal(status, 0, failed);
  assert.equal(heard.count, 500);
  assert.ok(heard.p50 <= heard.p99 && heard.p99 <= heard.p999 && heard.p999 <= heard.max);
  assert.ok(heard.max >= 590_000, `${heard.max} µs`);
  assert.ok(heard.p99 >= 500_000, `${heard.p99} µs: the requests of the pause were left out`);
});

test('an answer that is no success ends the run', async () => {
  const server = await serve((request, answer) => {
    answer.statusCode = 503;
    answer.end('{}');
  });
  const { status, failed } = await send(server, 100, 1);
  assert.equal(status, 1);
  assert.match(failed, /503/);
});
