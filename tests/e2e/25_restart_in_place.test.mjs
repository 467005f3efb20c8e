// SIGUSR2: the configuration, the mappings and the program as they are on disk are taken up by the same process. Nobody is refused,
// nothing is lost, and what is faulty changes nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { binary, clients, freePorts, person, request, root, sanitized, sleep, startBadBackend, startGateway } from './harness.mjs';
import { underManager } from './manager.mjs';

const WAIT_MS = sanitized ? 120000 : 30000;

async function until(holds, what) {
    for (let waited = 0; waited < WAIT_MS; waited += 20, await sleep(20)) if (await holds()) return;
    assert.fail(typeof what === 'function' ? what() : what);
}

const times = (gateway, words) => gateway.output('stderr').split(words).length - 1;

/** Signals, and waits until the log says the words once more. */
async function tell(gateway, signal, words) {
    const before = times(gateway, words);
    gateway.process.kill(signal);
    await until(() => times(gateway, words) > before, () => `${words}: ${gateway.output('stderr').slice(-3000)}`);
}

const restart = (gateway) => tell(gateway, 'SIGUSR2', 'serving on');
const stays = (gateway) => tell(gateway, 'SIGUSR2', 'everything stays as it is');

const refused = (port) => new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(false); }).on('error', (error) => done(error.code === 'ECONNREFUSED'));
});

/** A gateway whose configuration is a file of its own, which `write` writes. */
async function startConfigured(text, options = {}) {
    const dir = mkdtempSync(join(tmpdir(), 'dragoman-restart-')), config = join(dir, 'dragoman.yaml');
    const write = (more) => writeFileSync(config, `mappings: ${join(dir, 'mappings')}\ndefault_facade: patient-graph\n${more}`);
    cpSync(join(root, 'mappings'), join(dir, 'mappings'), { recursive: true });
    write(text);
    const gateway = await startGateway({ config, ...options });
    return { gateway, write, dir, stop: async () => { await gateway.stop(); rmSync(dir, { recursive: true }); } };
}

// ---- clients that ask until they are told to end ----

/** One kept connection. It may end between two requests, and who sends one just then asks again (RFC 9112 section 9.3.1). */
class KeptClient {
    constructor(port, headers) {
        Object.assign(this, { port, headers, agent: new http.Agent({ keepAlive: true, maxSockets: 1 }), reused: 0 });
    }

    once(path) {
        return new Promise((done, fail) => {
            const { port, headers, agent } = this;
            const outgoing = http.get({ host: '127.0.0.1', port, path, headers, agent, timeout: WAIT_MS }, (incoming) => {
                this.reused += outgoing.reusedSocket;
                incoming.on('error', fail);
                incoming.resume().on('end', () => done(incoming.statusCode));
            });
            outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
            outgoing.on('error', (error) => (outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code) ? done() : fail(error)));
        });
    }

    async get(path) {
        for (;;) {
            const status = await this.once(path);
            if (status) return status;
        }
    }

    close() { this.agent.destroy(); }
}

/** One HTTP/2 connection, and the next one once the gateway has said that it goes away. What is refused was not begun (RFC 9113 section 8.7). */
class H2Client {
    constructor(port, headers) { Object.assign(this, { port, headers, connections: 0 }); }

    refused(error) { return error.code === 'ERR_HTTP2_STREAM_ERROR' && error.message.includes('REFUSED_STREAM'); }

    open() {
        this.connections++;
        this.session = http2.connect(`http://127.0.0.1:${this.port}`);
        this.session.on('error', () => {}); // its streams say so, too
    }

    once(path) {
        return new Promise((done, fail) => {
            const stream = this.session.request({ ':path': path, ...this.headers });
            let status;
            stream.on('response', (head) => { status = head[':status']; });
            stream.on('error', (error) => (this.refused(error) ? done() : fail(error))).resume().on('end', () => done(status));
        });
    }

    async get(path) {
        for (let status; ; this.close()) {
            if (!this.session || this.session.closed || this.session.destroyed) this.open();
            status = await this.once(path);
            if (status) return status;
        }
    }

    close() { this.session?.destroy(); }
}

describe('a restart in place', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    test('refuses nobody and loses nothing, under load', async () => {
        const { pid } = gateway.process, headers = { 'x-user-token': all.general.token };
        const { json } = await all.general.get('/v1/patients');
        const path = `/v1/patients/${json.patients[0].id}`;
        const statuses = [], made = [];
        let running = true;
        const loop = async (ask) => { while (running) statuses.push(await ask()); };
        const make = async () => {
            const body = JSON.stringify({ patient: person() });
            const got = await request(gateway.port, 'POST', '/v1/patients',
                { body, headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }, agent: false, timeout: WAIT_MS });
            if (got.status === 201) made.push(got.json.id);
            return got.status;
        };
        const kept = Array.from({ length: 4 }, () => new KeptClient(gateway.port, headers));
        const h2 = Array.from({ length: 2 }, () => new H2Client(gateway.port, headers));
        const anew = async () => (await request(gateway.port, 'GET', path, { headers, agent: false, timeout: WAIT_MS })).status;
        const asking = [...[...kept, ...h2].map((client) => loop(() => client.get(path))), ...[anew, anew, make, make].map(loop)];
        const more = async (count) => {
            const before = statuses.length;
            await until(() => statuses.length >= before + count, 'answers');
        };
        for (let round = 0; round < (sanitized ? 1 : 5); round++) {
            await more(100);
            await restart(gateway);
        }
        await more(100);
        running = false;
        await Promise.all(asking); // one that is refused or cut off fails here
        assert.deepEqual([...new Set(statuses)].sort(), [200, 201]);
        assert.ok(kept.every((client) => client.reused) && h2.every((client) => client.connections > 1));
        assert.equal(new Set(made).size, made.length);
        for (const id of made) await all.general.get(`/v1/patients/${id}`); // with a token of before
        [...kept, ...h2].forEach((client) => client.close());
        assert.equal(gateway.process.pid, pid);
        assert.equal(gateway.process.exitCode, null);
    });

    test('leaves no descriptor and no child behind', async () => {
        const { pid } = gateway.process;
        const open = () => readdirSync(`/proc/${pid}/fd`).length;
        const ready = () => until(async () => (await gateway.admin('/readyz')).status === 200, 'ready');
        await restart(gateway);
        await ready();
        const before = open();
        for (let round = 0; round < (sanitized ? 1 : 5); round++) {
            await restart(gateway);
            await all.general.get('/v1/patients/1049');
        }
        gateway.agent.destroy(); // and what is kept for the next call to the backend ends with a restart
        await restart(gateway);
        await ready();
        await until(() => open() <= before, () => `${open()} descriptors, not ${before}`);
        assert.equal(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), '');
    });
});

/** A backend that answers when the test says so, and a gateway that waits for it however slow the machine is. */
async function startHeld(script) {
    const backend = await startBadBackend(script);
    const slow = ['backend.first_byte_ms', 'backend.total_ms', 'limits.exchange_ms', 'limits.answer_ms', 'limits.drain_ms'];
    const set = { 'backend.url': `http://127.0.0.1:${backend.port}`, ...Object.fromEntries(slow.map((key) => [key, '600000'])) };
    return { backend, gateway: await startGateway({ ready: '/healthz', set }) };
}

test('a request in flight is answered, who connects meanwhile waits, and /readyz goes on saying 200', async () => {
    const held = [];
    const list = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 25\r\n\r\n{"patients":[],"total":0}';
    const { backend, gateway } = await startHeld((socket) => held.push(socket));
    const headers = { 'x-user-token': gateway.token('general') };
    const ask = () => request(gateway.port, 'GET', '/v1/patients', { headers, agent: false, timeout: WAIT_MS });
    const first = ask();
    await until(() => held.length === 1, 'the backend has it');
    await tell(gateway, 'SIGUSR2', 'draining');
    const asked = [first]; // those that a worker took in before it heard of the restart are held, too; then some wait
    await until(() => asked.push(ask()) >= held.length + 5, () => `of ${asked.length} all were taken in`);
    assert.deepEqual([(await gateway.admin('/readyz')).text, (await gateway.admin('/healthz')).status], ['ready\n', 200]);
    await until(async () => await gateway.metric('dragoman_in_flight') === held.length, 'who waits is not in flight');
    assert.ok(held.length < asked.length, 'nobody waits');
    backend.script = (socket) => socket.end(list);
    held.forEach((socket) => socket.end(list));
    assert.deepEqual((await Promise.all(asked)).map(({ status }) => status), asked.map(() => 200));
    assert.equal(times(gateway, 'serving on'), 2);
    await gateway.stop();
    await backend.stop();
});

test('a new configuration and new mappings are in effect; listeners come and go', async () => {
    const [port, other] = await freePorts(2);
    const { gateway, write, dir, stop } = await startConfigured(`facades: [{ dialect: general, listen: "127.0.0.1:${port}" }]\nworkers: 3\n`, { set: { workers: undefined } });
    const { general } = clients(gateway), headers = { 'x-user-token': general.token };
    const on = (where, path = '/v1/patients/1049') => request(where, 'GET', path, { headers, agent: false });
    assert.deepEqual([(await on(port)).status, await refused(other)], [200, true]);

    write(`facades: [{ dialect: general, listen: "127.0.0.1:${other}", answers: arrays }]\nworkers: 1\n`);
    await restart(gateway);
    assert.deepEqual([(await on(other)).status, await refused(port)], [200, true]);
    assert.ok(Array.isArray((await on(other, '/v1/patients')).json));
    const many = await Promise.all(Array.from({ length: 60 }, () => on(gateway.port))); // three sockets, one worker
    assert.ok(many.every(({ status }) => status === 200));

    write('workers: 4\n');
    const mapping = join(dir, 'mappings/general/patient.yaml');
    const text = readFileSync(mapping, 'utf8').replace(/^ {2}phone:/m, '  telephone:');
    writeFileSync(mapping, text);
    await stays(gateway); // its examples have the former name
    assert.match(gateway.output('stderr'), /"restart: .*general\/patient\.yaml:\d+:\d+: put gives another document"/);
    assert.ok('phone' in (await on(other)).json);
    writeFileSync(mapping, text.slice(0, text.indexOf('examples:')));
    await restart(gateway);
    assert.deepEqual([await refused(port), await refused(other)], [true, true]);
    const patients = await Promise.all(Array.from({ length: 60 }, () => on(gateway.port))); // one socket, four workers
    assert.ok(patients.every(({ status, json }) => status === 200 && 'telephone' in json && !('phone' in json)));
    await stop();
});

test('what is faulty changes nothing, and is told', async () => {
    const taken = net.createServer();
    await new Promise((done) => taken.listen(0, '127.0.0.1', done).unref());
    const { gateway, write, dir, stop } = await startConfigured('limits: { body_kb: 1 }\n');
    const { pid } = gateway.process, { general } = clients(gateway);
    const faults = [
        ['limits: { body_kb: many }\n', /"restart: .*dragoman\.yaml:3:20: found \\"many\\"/],
        ['facades: [{ dialect: nobody }]\n', /"restart: .*nobody/],
        [`facades: [{ dialect: general, listen: "127.0.0.1:${taken.address().port}" }]\n`, /"restart: listen: 127\.0\.0\.1:\d+: Address already in use/],
        ['facades: [{ dialect: general, listen: "somewhere:1" }]\n', /"restart: .*dragoman\.yaml:\d+:\d+: 'somewhere:1', expected address:port/],
        [`tls: { certificate: ${join(dir, 'none.pem')}, key: ${join(dir, 'none.key')} }\n`, /"restart: .*none\./],
        [`log: { access: ${join(dir, 'none/access.log')} }\n`, /"restart: log\.access: .*No such file/],
    ];
    for (const [text, told] of faults) {
        write(text);
        await stays(gateway);
        assert.match(gateway.output('stderr'), told);
    }
    assert.equal((await general.call('POST', '/v1/patients', { body: { patient: person({ phone: '5'.repeat(2000) }) } })).status, 413);
    assert.deepEqual([times(gateway, 'serving on'), times(gateway, 'draining'), gateway.process.pid], [1, 0, pid]);
    write('limits: { body_kb: 2 }\n');
    await restart(gateway);
    await stop();
    taken.close();
});

test('the program that is on disk then is the one that runs; without one everything stays', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dragoman-program-')), program = join(dir, 'dragoman');
    copyFileSync(binary, program);
    const gateway = await startGateway({ under: () => ['sh', '-c', 'shift; exec "$0" "$@"', program] });
    const { pid } = gateway.process, runs = () => readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0];
    rmSync(program);
    await stays(gateway);
    assert.match(gateway.output('stderr'), /dragoman cannot be started: No such file/);
    writeFileSync(program, 'half a program', { mode: 0o755 });
    await stays(gateway);
    assert.match(gateway.output('stderr'), /dragoman cannot be started: Exec format error/);

    copyFileSync(binary, `${program}.new`);
    renameSync(`${program}.new`, program); // as package managers do
    await restart(gateway);
    assert.equal(runs(), program);
    assert.equal(execFileSync('readlink', [`/proc/${pid}/exe`], { encoding: 'utf8' }).trim(), program);

    // A program that judges well and cannot be started: what a manager then sees is a failure.
    writeFileSync(`${program}.sh`, `#!/bin/sh\nchmod 0644 ${program}\nexit 0\n`, { mode: 0o755 });
    renameSync(`${program}.sh`, program);
    chmodSync(program, 0o755);
    gateway.process.ref();
    gateway.process.kill('SIGUSR2');
    assert.deepEqual(await gateway.ended, { code: 1, signal: null });
    assert.match(gateway.output('stderr'), /"error","message":"restart: .*dragoman: Permission denied"/);
    gateway.process = undefined;
    await gateway.stop();
    rmSync(dir, { recursive: true });
});

test('a stop during a restart is a stop, and the same signal again ends the drain', async () => {
    const held = [];
    const { backend, gateway } = await startHeld((socket) => held.push(socket));
    const headers = { 'x-user-token': gateway.token('general') };
    const given = request(gateway.port, 'GET', '/v1/patients', { headers, agent: false, timeout: WAIT_MS }).then(({ status }) => status, ({ code }) => code);
    await until(() => held.length === 1, 'the backend has it');
    await tell(gateway, 'SIGUSR2', 'draining');
    gateway.process.ref();
    await tell(gateway, 'SIGTERM', 'there is no restart');
    await until(() => refused(gateway.port), 'the port is closed');
    assert.match((await gateway.admin('/readyz')).text, /stopping/);
    gateway.process.kill('SIGINT'); // another one: it goes on
    gateway.process.kill('SIGUSR2');
    await gateway.admin('/healthz');
    assert.equal(times(gateway, 'stopping at once'), 0);
    await tell(gateway, 'SIGTERM', 'stopping at once');
    assert.deepEqual(await gateway.ended, { code: 0, signal: null });
    assert.notEqual(await given, 200); // it may be told so by 503
    assert.equal(times(gateway, 'serving on'), 1);
    gateway.process = undefined;
    await gateway.stop();
    await backend.stop();
});

test('a service manager\'s socket stays its own', async () => {
    const [other] = await freePorts(1);
    const under = underManager('web');
    const { gateway, write, stop } = await startConfigured('workers: 2\n', { under, set: { workers: undefined } });
    const headers = { 'x-user-token': gateway.token('general') };
    const ask = async (port) => (await request(port, 'GET', '/v1/patients/1049', { headers, agent: false })).status;
    write(`workers: 3\nfacades: [{ dialect: general, listen: "127.0.0.1:${other}" }]\n`);
    await restart(gateway);
    assert.deepEqual([await ask(gateway.port), await ask(other)], [200, 200]);
    await restart(gateway);
    assert.deepEqual([await ask(gateway.port), await ask(other)], [200, 200]);
    await tell(gateway, 'SIGUSR1', 'serving on'); // ended, and started by the manager
    assert.deepEqual([await ask(gateway.port), await ask(other)], [200, 200]);
    await stop();
});
