// What a process manager and a load balancer see of the end: signals, and the admin pages until nothing is left to do.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clients, request, sleep, startBadBackend, startGateway } from './harness.mjs';

async function until(holds, what) {
    for (let waited = 0; waited < 15000; waited += 20, await sleep(20)) if (await holds()) return;
    assert.fail(what);
}

/** A gateway that does not end is a failure, not a wait. */
async function ends(gateway) {
    const end = await Promise.race([gateway.ended, sleep(20000, undefined, { ref: false })]);
    assert.deepEqual(end, { code: 0, signal: null });
    gateway.process = undefined;
    await gateway.stop();
}

test('SIGUSR1 opens the access log again, SIGHUP, too, and both leave the rest alone', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dragoman-log-')), file = join(dir, 'access.log');
    const gateway = await startGateway({ set: { 'log.access': file } });
    const told = (words) => until(() => gateway.output('stderr').includes(words), words);
    renameSync(file, join(dir, 'moved.log'));
    gateway.process.kill('SIGUSR1');
    await told('SIGUSR1: the access log is opened again');
    assert.ok(existsSync(file));
    gateway.process.kill('SIGHUP');
    await told('SIGHUP: the access log is opened again');
    await clients(gateway).general.get('/v1/patients/1049');
    await gateway.stop(); // SIGTERM, exit 0
    rmSync(dir, { recursive: true });
});

test('SIGQUIT stops as SIGTERM does: what is in flight is answered', async () => {
    const held = [];
    const backend = await startBadBackend((socket) => held.push(socket));
    const gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': `http://127.0.0.1:${backend.port}` } });
    const given = clients(gateway).general.get('/v1/patients', null);
    await until(() => held.length === 1, 'the backend has it');
    gateway.process.ref();
    gateway.process.kill('SIGQUIT');
    await until(() => gateway.output('stderr').includes('draining'), 'draining');
    held[0].end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 25\r\n\r\n{"patients":[],"total":0}');
    assert.equal((await given).status, 200);
    await ends(gateway);
    await backend.stop();
});

test('while requests are answered to their end /readyz says 503, /healthz 200, and /metrics is there', async () => {
    const held = [];
    const backend = await startBadBackend((socket) => held.push(socket));
    const gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': `http://127.0.0.1:${backend.port}` } });
    const given = clients(gateway).general.get('/v1/patients', null);
    await until(() => held.length === 1, 'the backend has it');
    gateway.process.ref();
    gateway.process.kill('SIGTERM');
    const admin = (path) => request(gateway.adminPort, 'GET', path, { agent: false, timeout: 2000 });
    await until(async () => (await admin('/readyz')).status === 503, 'not ready');
    assert.deepEqual([(await admin('/readyz')).text, (await admin('/healthz')).status], ['not ready: stopping\n', 200]);
    for (let scrapes = 0; scrapes < 60; scrapes++) { // one worker ends meanwhile, the other one has the request
        const { status, text } = await admin('/metrics');
        assert.equal(status, 200, text);
        assert.match(text, /^dragoman_in_flight 1$/m);
        assert.match(text, /^dragoman_connections_accepted_total 1$/m);
        await sleep(25);
    }
    held[0].end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 25\r\n\r\n{"patients":[],"total":0}');
    assert.equal((await given).status, 200);
    await ends(gateway);
    await backend.stop();
});

test('limits.stop_delay_ms: clients are served on, new ones too, while /readyz says 503', async () => {
    const gateway = await startGateway({ set: { 'limits.stop_delay_ms': '1500' } });
    const headers = { 'x-user-token': gateway.token('general') };
    const ask = () => request(gateway.port, 'GET', '/v1/patients/1049', { headers, agent: false });
    await ask();
    gateway.process.ref();
    const since = Date.now();
    gateway.process.kill('SIGTERM');
    await until(async () => (await gateway.admin('/readyz')).status === 503, 'not ready');
    let served = 0;
    while (Date.now() - since < 1200) {
        const { status } = await ask();
        assert.equal(status, 200);
        served++;
    }
    assert.ok(served > 3, `${served} served`);
    assert.equal((await gateway.admin('/metrics')).status, 200);
    await ends(gateway);
    assert.ok(Date.now() - since >= 1500);
});
