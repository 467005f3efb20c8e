// A proxy that passes bytes on and says before them whose they are (PROXY protocol): the client is itself, wherever its address counts.
// With a real proxy: hostile/proxy_protocol.test.mjs. Each header there is: unit/test_http_proxied.c.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { binary, freePorts, root, sleep, startGateway } from './harness.mjs';

const v1 = (client) => Buffer.from(`PROXY TCP4 ${client} 192.0.2.1 4711 443\r\n`);
const v2 = (client) => Buffer.from([...Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), 0x21, 0x11, 0, 12, ...client.split('.').map(Number), 192, 0, 2, 1, 0x12, 0x67, 1, 0xbb]);
const ask = (token, more = '') => `GET /pub/organization/58c4554710123c5c40dbab81 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n${more}Connection: close\r\n\r\n`;

/** Sends bytes; the status of the answer, or 0: closed without one. */
const send = (port, ...parts) => new Promise((done) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.concat(parts.map((part) => Buffer.from(part)))));
    socket.on('data', (chunk) => { text += chunk.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => done(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)));
});

async function peers(gateway, count) {
    for (let waited = 0; gateway.accessLog().length < count && waited < 5000; waited += 20) await sleep(20);
    return gateway.accessLog().map(({ peer }) => peer);
}

describe('a listener behind such a proxy', () => {
    let gateway, plain, general, good;
    before(async () => {
        [plain, general] = await freePorts(2);
        gateway = await startGateway({ set: { workers: '1', proxy_protocol: 'true', trusted_proxies: '["127.0.0.1", "10.0.0.0/8"]', 'auth.failures_per_minute': '5',
            facades: `[{ dialect: twine, listen: "127.0.0.1:${plain}", proxy_protocol: false }, { dialect: general, listen: "127.0.0.1:${general}" }]` } });
        good = gateway.token('twine');
    });
    after(() => gateway.stop());

    test('knows the client: one that guesses locks out no other', async () => {
        const already = gateway.accessLog().length;
        for (let i = 0; i < 5; i++) assert.equal(await send(gateway.port, (i % 2 ? v1 : v2)('203.0.113.9'), ask('guess')), 401);
        assert.equal(await send(gateway.port, v1('203.0.113.9'), ask(good)), 429);
        assert.equal(await send(gateway.port, v1('203.0.113.9'), ask(good, 'X-Forwarded-For: 198.51.100.1\r\n')), 429, 'it is no proxy that could say so');
        assert.equal(await send(gateway.port, v2('203.0.113.10'), ask(good)), 200);
        assert.deepEqual((await peers(gateway, already + 8)).slice(already), [...Array(7).fill('203.0.113.9'), '203.0.113.10']);
    });

    test('believes the X-Forwarded-For of a trusted proxy behind the first', async () => {
        const already = gateway.accessLog().length;
        assert.equal(await send(gateway.port, v2('10.1.2.3'), ask(good, 'X-Forwarded-For: 203.0.113.11\r\n')), 200);
        assert.equal(await send(gateway.port, 'PROXY UNKNOWN\r\n', ask(good, 'X-Forwarded-For: 203.0.113.12\r\n')), 200, 'but of nobody');
        assert.deepEqual((await peers(gateway, already + 2)).slice(already), ['203.0.113.11', '127.0.0.1']);
    });

    test('closes what does not begin so, and says it once a worker', async () => {
        assert.equal(await send(gateway.port, ask(good)), 0);
        assert.equal(await send(general, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 0, "a facade's listener is like the common one");
        assert.equal(await send(gateway.port, 'PROXY TCP4 203.0.113.300 192.0.2.1 4711 443\r\n', ask(good)), 0);
        assert.equal(await gateway.metric('dragoman_proxy_refusals_total'), 3);
        assert.match(gateway.output('stderr'), /PROXY protocol: a connection from 127\.0\.0\.1 is closed, it does not begin with a header/);
    });

    test('is chosen for each facade', async () => {
        const already = gateway.accessLog().length;
        assert.equal(await send(plain, ask(good)), 200);
        assert.equal(await send(plain, v1('203.0.113.9'), ask(good)), 400);
        assert.equal(await send(general, v1('203.0.113.12'), 'GET /v1/patients/1049 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), 401, 'General answers there');
        assert.ok((await peers(gateway, already + 2)).includes('203.0.113.12'));
        assert.deepEqual(new Set(gateway.accessLog().slice(already).filter(({ status }) => status !== 400).map(({ dialect }) => dialect)), new Set(['twine', 'general']));
    });
});

test('whoever is no trusted proxy is not let in', async () => {
    const gateway = await startGateway({ seed: false, set: { proxy_protocol: 'true', trusted_proxies: '[192.0.2.0/24]' } });
    assert.equal(await send(gateway.port, v1('192.0.2.7'), ask('x')), 0);
    assert.equal(await gateway.metric('dragoman_proxy_refusals_total'), 1);
    assert.match(gateway.output('stderr'), /127\.0\.0\.1 is closed, which is not in trusted_proxies/);
    await gateway.stop();
});

test('dragoman check refuses it without trusted_proxies', () => {
    const check = () => execFileSync(binary, ['check', '-c', 'conf/dragoman.yaml', '--set', 'proxy_protocol=true'], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
    assert.throws(check, ({ status, stderr }) => status === 1 && /proxy_protocol=true: needs trusted_proxies/.test(stderr));
});
