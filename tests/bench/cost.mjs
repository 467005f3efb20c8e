// What Dragoman costs before it does anything: how long it takes to start, and what connections that only wait hold. Sizes are
// read from /proc, of a gateway without the embedded backend's part in it. Usage: node tests/bench/cost.mjs [--connections 1000,10000]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { startGateway } from '../e2e/harness.mjs';
import { keep, option } from './shared.mjs';

const counts = option('connections', '1000,10000').split(',').map(Number);
const STARTS = 7;
const HALF_A_HEAD = 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nX-A: ';
const dir = mkdtempSync(join(tmpdir(), 'dragoman-cost-'));
const patience = { 'limits.connections_per_address': '0', 'limits.idle_ms': '600000', 'limits.head_ms': '600000', workers: '1' };

const memoryKb = (gateway) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8'))[1]);

function open(port, secure, bytes) {
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      socket.on('error', () => {});
      if (bytes) socket.write(bytes);
      resolve(socket);
    });
  });
}

// Some at a time: the kernel's queue of connections to be accepted is short.
async function openMany(port, secure, bytes, wanted) {
  const sockets = [];
  while (sockets.length < wanted)
    sockets.push(...await Promise.all(Array.from({ length: Math.min(100, wanted - sockets.length) }, () => open(port, secure, bytes))));
  await sleep(500);
  return sockets;
}

async function idle(gateway, what, secure, bytes) {
  const sockets = await openMany(gateway.port, secure, bytes, 50); // what the first ones cost is everybody's
  const before = memoryKb(gateway);
  for (const count of counts) {
    sockets.push(...await openMany(gateway.port, secure, bytes, count + 50 - sockets.length));
    const each = (memoryKb(gateway) - before) / count;
    console.log(`${count} connections, ${what}: ${each.toFixed(1)} KiB each`);
    keep('cost', { [`${count} ${what}, KiB each`]: Number(each.toFixed(1)) });
  }
  for (const socket of sockets) socket.destroy();
}

async function startUp() {
  const gateway = await startGateway({ seed: false }); // makes the state
  const took = [];
  for (let i = 0; i < STARTS; i++) {
    await gateway.kill9();
    const begin = process.hrtime.bigint();
    await gateway.launch();
    took.push(Number(process.hrtime.bigint() - begin) / 1e6);
  }
  took.sort((a, b) => a - b);
  console.log(`start-up, exec to ready, asked every 20 ms: ${took[STARTS >> 1].toFixed(0)} ms (median of ${STARTS})`);
  keep('cost', { 'start-up, ms': took[STARTS >> 1] });
  await gateway.stop();
}

async function connections() {
  const plain = await startGateway({ seed: false, set: patience });
  console.log(`no connection: ${(memoryKb(plain) / 1024).toFixed(1)} MiB, the embedded backend included`);
  keep('cost', { 'no connection, MiB, the embedded backend included': memoryKb(plain) / 1024 });
  await idle(plain, 'plain, idle', false, '');
  await idle(plain, 'plain, half a head sent', false, HALF_A_HEAD);
  await plain.stop();
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=localhost',
    '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });
  const secure = await startGateway({ seed: false, set: {
    ...patience, 'tls.certificate': join(dir, 'cert.pem'), 'tls.key': join(dir, 'key.pem') } });
  await idle(secure, 'TLS, idle', true, '');
  await secure.stop();
}

try {
  await startUp();
  await connections();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
process.exit(0);
