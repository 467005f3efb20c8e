// Clients that ask for much and pay nothing. Each is cut off, and another client is served all the while: what is asked of it is
// that it is answered rightly. How long that took, beside a quiet gateway, is printed and decides nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { clients, sanitized, sleep, startGateway } from '../e2e/harness.mjs';
import { Frames, H2, frame, get, stopAll } from './kit.mjs';

const RESETS = 50;
const p99 = (times) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

describe('floods', () => {
    let gateway, all, quiet;
    before(async () => {
        gateway = await startGateway({ set: { 'limits.head_ms': '1500', 'limits.body_ms': '1500', 'limits.answer_ms': '2000', 'limits.idle_ms': '2000', 'limits.resets_per_second': `${RESETS}` } });
        all = clients(gateway);
        await during(() => sleep(200)); // the first answers take longer
        quiet = p99((await during(() => sleep(1000))).times);
    });
    after(() => gateway.stop());

    /** Runs an attack while a well-behaved client asks again and again; every one of its answers must be right. */
    async function during(attack) {
        const times = [];
        let over = false;
        const served = (async () => {
            do {
                const started = performance.now();
                const { json } = await all.general.get('/v1/patients/1049');
                assert.equal(json.id, 1049);
                times.push(performance.now() - started);
            } while (!over);
        })();
        try {
            await attack();
        } finally {
            over = true;
            await served;
        }
        return { times };
    }
    async function flood(t, attack) {
        const { times } = await during(attack);
        assert.ok(times.length > 0);
        const slow = p99(times);
        t.diagnostic(`${times.length} answers meanwhile, 99 of 100 within ${slow.toFixed(1)} ms: ${(slow / quiet).toFixed(1)} times the quiet ${quiet.toFixed(1)} ms`);
        return times.length;
    }
    const memoryKb = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8'))[1]);

    /** Sends what `more(n)` gives until the other side refuses; how often that was. */
    async function until(more, { most = 3000, batch = 20, ms = 10000 } = {}) {
        const session = new Frames(gateway.port);
        let n = 0;
        for (; n < most && !session.closed && !session.of(H2.GOAWAY).length; n++) {
            session.write(...more(n));
            if (n % batch === 0) await sleep(1);
        }
        const refused = await session.refused(ms);
        session.destroy();
        return refused;
    }
    const own = () => [['x-user-token', all.general.token]];
    const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
    const stream = (n) => 2 * n + 1;

    /** However fast the machine: an attacker gets no more calls to the backend than resets are allowed in the time, and each of its connections is cut off. */
    async function bounded(t, attack, connections = 10) {
        const sample = async () => [await gateway.metric('dragoman_upstream_requests_total'), await gateway.metric('dragoman_resets_cut_total'), performance.now()];
        const [calls, cut, began] = await sample(), served = await flood(t, async () => { for (let i = 0; i < connections; i++) await attack(); });
        const [calls_after, cut_after, ended] = await sample(), own_calls = calls_after - calls - served, seconds = Math.ceil((ended - began) / 1000);
        t.diagnostic(`${own_calls} calls to the backend for the attacker within ${seconds} s`);
        assert.equal(cut_after - cut, connections, 'each is cut off');
        assert.ok(own_calls <= connections * ((seconds + 1) * RESETS + 100), `${own_calls} calls in ${seconds} s`); // 100 streams at once are in flight
    }

    test('s46_rapid_reset', (t) => bounded(t, async () => {
        assert.ok(await until((n) => [frame(H2.HEADERS, 5, stream(n), get('/v1/patients', own())), frame(H2.RST, 0, stream(n), u32(8))]));
    }));

    test('s46_made_you_reset', (t) => flood(t, async () => {
        // The server is made to reset: a window that overflows, a window of nothing, a frame for a half-closed stream, a priority on itself.
        for (const provoke of [(id) => frame(H2.WINDOW, 0, id, u32(0x7fffffff)), (id) => frame(H2.WINDOW, 0, id, u32(0)), (id) => frame(H2.DATA, 0, id, Buffer.from('x')), (id) => frame(H2.PRIORITY, 0, id, Buffer.concat([u32(id), Buffer.from([1])]))])
            assert.ok(await until((n) => [frame(H2.HEADERS, 5, stream(n), get('/v1/patients', own())), provoke(stream(n))]));
    }));

    test('s46_headers_and_reset_before_the_request_is_whole', (t) => bounded(t, async () => {
        assert.ok(await until((n) => [frame(H2.HEADERS, 4, stream(n), get('/v1/patients', own(), 'POST')), frame(H2.RST, 0, stream(n), u32(8))]));
    }, 2)); // seen by the tick of a second

    test('s46_calls_to_the_backend_stay_bounded', async () => {
        assert.match((await gateway.admin('/metrics')).text, /^dragoman_upstream_connections/m);
        const most = await gateway.metric('dragoman_upstream_connections');
        assert.ok(most <= 2 * 64, `${most} connections of two loops`);
    });

    test('s47_continuation_flood', (t) => flood(t, async () => {
        const before = memoryKb();
        const piece = Buffer.alloc(16000, 'a');
        assert.ok(await until((n) => [n ? frame(H2.CONTINUATION, 0, 1, piece) : frame(H2.HEADERS, 0, 1, get())], { most: 4000 }));
        assert.ok(await until((n) => [n ? frame(H2.CONTINUATION, 0, 1) : frame(H2.HEADERS, 0, 1, get())], { most: 60000, batch: 500 }));
        assert.ok(memoryKb() - before < (sanitized ? 400 : 64) * 1024, 'bounded memory');
    }));

    test('s47_ping_settings_and_reset_floods', (t) => flood(t, async () => {
        const ping = frame(H2.PING, 0, 0, Buffer.alloc(8)), settings = frame(H2.SETTINGS, 0, 0), empty = frame(H2.SETTINGS, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]));
        const before = memoryKb();
        for (const what of [ping, settings, empty]) assert.ok(await until(() => Array(50).fill(what), { most: 2000 }), 'control frames');
        assert.ok(await until((n) => [frame(H2.HEADERS, 5, stream(n), get('/v1/patients', [['x-user-token', 'x'], ['connection', 'x']]))]), 'requests that are errors');
        assert.ok(memoryKb() - before < (sanitized ? 400 : 64) * 1024, 'bounded memory');
    }));

    test('s47_hpack_bomb', (t) => flood(t, async () => {
        // One large field into the table, then named again and again: the list of fields is bounded, not its bytes on the wire.
        const before = memoryKb();
        const name = Buffer.from('x-bomb'), value = Buffer.alloc(3800, 'a'), rest = value.length - 127;
        const insert = Buffer.concat([Buffer.from([0x40, name.length]), name, Buffer.from([127, (rest % 128) + 128, Math.floor(rest / 128)]), value]);
        const session = new Frames(gateway.port);
        session.write(frame(H2.HEADERS, 5, 1, Buffer.concat([get(), insert, Buffer.alloc(12000, 0x80 | 62)])));
        for (let i = 1; i < 50; i++) session.write(frame(H2.HEADERS, 5, stream(i), Buffer.concat([get(), Buffer.alloc(16000, 0x80 | 62)])));
        await session.refused(2000);
        assert.ok(!session.of(H2.HEADERS).some((f) => f.payload[0] === 0x88), 'none is a success');
        session.destroy();
        assert.ok(memoryKb() - before < (sanitized ? 600 : 128) * 1024, 'bounded memory');
    }));

    test('s47_zero_window_stall', (t) => flood(t, async () => {
        const session = new Frames(gateway.port);
        session.write(frame(H2.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])));
        for (let i = 0; i < 20; i++) session.write(frame(H2.HEADERS, 5, stream(i), get('/v1/patients/1049', own())));
        assert.ok(await session.refused(20000), 'cut off');
        session.destroy();
    }));

    const open = (bytes) => new Promise((done) => {
        const socket = net.connect(gateway.port, '127.0.0.1', () => { socket.write(bytes); done(socket); });
        socket.on('error', () => {});
        socket.ended = new Promise((end) => socket.on('close', end));
    });
    /** Each socket is fed by `drip` until it is closed, which must come; milliseconds are no matter. */
    async function slow(count, bytes, drip) {
        const sockets = await Promise.all(Array.from({ length: count }, () => open(bytes)));
        const timer = setInterval(() => sockets.forEach((socket) => socket.destroyed || drip(socket)), 200);
        const all_ = await Promise.race([Promise.all(sockets.map((s) => s.ended)), sleep(30000, 'late', { ref: false })]); // node does not wait for it at the end
        clearInterval(timer);
        sockets.forEach((s) => s.destroy());
        assert.notEqual(all_, 'late', 'all are closed');
    }

    test('s48_slow_heads', (t) => flood(t, () => slow(100, 'GET /v1/patients HTTP/1.1\r\nHost: x\r\n', (s) => s.write('X-A: b\r\n'))));

    test('s48_slow_bodies', (t) => flood(t, () => slow(100, `POST /v1/patients HTTP/1.1\r\nHost: x\r\nX-User-Token: ${all.general.token}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`, (s) => s.write(' '))));

    test('s48_slow_readers', (t) => flood(t, async () => {
        // More than the kernel's buffers take is asked for, and nothing of it is read.
        const one = `GET /v1/patients?page_size=100 HTTP/1.1\r\nHost: x\r\nX-User-Token: ${all.general.token}\r\n\r\n`;
        const descriptors = () => readdirSync(`/proc/${gateway.process.pid}/fd`).length, before = descriptors() + 3; // connections to the backend come and go
        const sockets = await Promise.all(Array.from({ length: 9 }, () => open('')));
        sockets.forEach((s) => { s.pause(); s.write(one.repeat(2000)); });
        assert.ok(descriptors() >= before + 5, 'they are open');
        for (let waited = 0; waited < 30000 && descriptors() > before; waited += 100) await sleep(100);
        assert.ok(descriptors() <= before, 'all are closed');
        sockets.forEach((s) => s.destroy());
    }));

    test('s48_one_address_does_not_take_all_connections', async () => {
        const set = { 'limits.connections': '60', 'limits.connections_per_address': '20', workers: '2' };
        const dial = (of, localAddress, begin = '') => new Promise((done) => {
            const socket = net.connect({ port: of.port, host: '127.0.0.1', localAddress }, () => { if (begin) socket.write(begin); done(socket); });
            socket.on('error', () => {}).on('close', () => { socket.gone = true; }).resume();
        });
        const asks = async (of, localAddress, begin = '') => {
            const socket = await dial(of, localAddress, `${begin}GET /v1/patients HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
            let said = '';
            socket.on('data', (data) => { said += data; });
            for (let waited = 0; !socket.gone && waited < 5000; waited += 10) await sleep(10);
            return said.slice(9, 12);
        };
        const settled = async (sockets, open) => {
            for (let waited = 0; sockets.filter((s) => !s.gone).length !== open && waited < 5000; waited += 20) await sleep(20);
            assert.equal(sockets.filter((s) => !s.gone).length, open);
        };
        const header = (address) => `PROXY TCP4 ${address} 192.0.2.1 4711 443\r\n`;
        const [plain, trusting, proxied] = await Promise.all([{}, { trusted_proxies: '[127.0.0.2]' }, { trusted_proxies: '[127.0.0.2]', proxy_protocol: 'true' }]
            .map((more) => startGateway({ seed: false, set: { ...set, ...more } })));
        const many = (of, begin) => Promise.all(Array.from({ length: 50 }, () => dial(of, '127.0.0.2', begin)));

        const sockets = await many(plain);
        await settled(sockets, 20);
        assert.equal(await plain.metric('dragoman_address_refusals_total'), 30);
        assert.equal(await plain.metric('dragoman_connections_refused_total'), 0);
        assert.match(plain.output('stderr'), /limits\.connections_per_address: a connection from 127\.0\.0\.2 is closed/);
        assert.ok(plain.output('stderr').split('connections_per_address').length <= 3, 'each worker says it once');
        assert.equal(await asks(plain, '127.0.0.3'), '401', 'others get through');
        sockets.forEach((s) => s.destroy());
        for (let waited = 0; await plain.metric('dragoman_connections') > 0 && waited < 5000; waited += 20) await sleep(20);
        assert.equal(await asks(plain, '127.0.0.2'), '401', 'and so does that one, once its connections are closed');

        const proxys = await many(trusting);
        await sleep(300);
        await settled(proxys, 50);
        const clients_ = await many(proxied, header('198.51.100.7'));
        await settled(clients_, 20);
        assert.equal(await asks(proxied, '127.0.0.2', header('198.51.100.8')), '401', 'behind a proxy the client is who counts');
        [...proxys, ...clients_].forEach((s) => s.destroy());
        await stopAll(plain, trusting, proxied);
    });

    /** KiB of memory that each of so many connections holds while it waits. */
    async function held(of, count, connect) {
        const memory = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${of.process.pid}/status`, 'utf8'))[1]);
        const many = async (wanted) => {
            const sockets = [];
            while (sockets.length < wanted) sockets.push(...await Promise.all(Array.from({ length: Math.min(100, wanted - sockets.length) }, connect)));
            await sleep(300);
            return sockets;
        };
        const few = await many(50), before = memory(), sockets = await many(count), each = (memory() - before) / count;
        [...few, ...sockets].forEach((s) => s.destroy());
        return each;
    }
    const patience = { 'limits.idle_ms': '60000', 'limits.head_ms': '60000', workers: '1' };

    // `./dev bench cost` has 10,000 of each.
    for (const [what, most, bytes] of [['idle', 4, ''], ['half a head', 8, 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nX-A: '], ['TLS', 20, null]])
        test(`s48_idle_connections_cost_little: ${what}`, { skip: sanitized && bytes === null }, async (t) => {
            const dir = mkdtempSync(join(tmpdir(), 'dragoman-idle-')), key = join(dir, 'key.pem'), cert = join(dir, 'cert.pem');
            if (bytes === null) execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
            const of = await startGateway({ seed: false, set: { ...patience, ...(bytes === null && { 'tls.certificate': cert, 'tls.key': key }) } });
            const connect = () => new Promise((done, fail) => {
                const socket = bytes === null ? tls.connect({ port: of.port, host: '127.0.0.1', rejectUnauthorized: false }) : net.connect(of.port, '127.0.0.1');
                socket.once('error', fail).once(bytes === null ? 'secureConnect' : 'connect', () => { socket.on('error', () => {}); if (bytes) socket.write(bytes); done(socket); });
            });
            const each = await held(of, bytes === null ? 1000 : 2000, connect);
            t.diagnostic(`${each.toFixed(1)} KiB each`);
            if (!sanitized) assert.ok(each <= most, `${each} KiB each`);
            assert.equal((await of.admin('/readyz')).status, 200);
            await of.stop();
            rmSync(dir, { recursive: true });
        });
});
