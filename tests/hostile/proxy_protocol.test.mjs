// HAProxy as Debian packages it, in TCP mode before the gateway: it passes on what it cannot read, and says in a header of the PROXY
// protocol whose it is. The clients are at addresses of their own (127.0.0.2, …); the proxy is at 127.0.0.1.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { clients, sleep, startGateway } from '../e2e/harness.mjs';
import { stopAll } from './kit.mjs';
import { startProxy } from './proxy_kit.mjs';

const PATH = '/v1/patients?limit=1';
const get = (of, port, options) => new Promise((done, fail) => {
    of.get({ host: '127.0.0.1', port, path: PATH, agent: false, ...options }, (r) => { r.resume(); r.on('end', () => done(r.statusCode)); }).on('error', fail);
});
const get2 = (session, headers) => new Promise((done, fail) => {
    const stream = session.request({ ':path': PATH, ...headers });
    stream.on('response', ({ ':status': status }) => done(status)).on('error', fail).resume();
});

describe('HAProxy that passes bytes on', () => {
    let dir, cert, key, plain, secure, headers, other;
    before(async () => {
        dir = mkdtempSync(join(tmpdir(), 'dragoman-proxied-'));
        [cert, key] = ['cert.pem', 'key.pem'].map((name) => join(dir, name));
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
        execFileSync('chmod', ['600', key]);
        const set = { proxy_protocol: 'true', trusted_proxies: '[127.0.0.1]', workers: '1' };
        plain = await startGateway({ set });
        secure = await startGateway({ set: { ...set, 'tls.certificate': cert, 'tls.key': key } });
        headers = { host: 'general.localhost', 'x-user-token': clients(plain).general.token };
        other = { host: 'general.localhost', 'x-user-token': clients(secure).general.token };
    });
    after(async () => { await stopAll(plain, secure); rmSync(dir, { recursive: true }); });

    const lastPeers = async (gateway, count) => {
        for (let waited = 0; gateway.accessLog().length < count && waited < 5000; waited += 20) await sleep(20);
        return gateway.accessLog().slice(-count).map(({ peer }) => peer);
    };

    for (const said of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'])
        test(`${said}: clients are themselves, with HTTP/1, HTTP/2 and TLS`, async () => {
            const [before_, late] = [plain.accessLog().length, secure.accessLog().length];
            const [front, dark] = [await startProxy('haproxy', plain.port, { said }), await startProxy('haproxy', secure.port, { said })];
            const ca = readFileSync(cert), tls = { servername: 'localhost', ca, headers: other };
            for (const localAddress of ['127.0.0.2', '127.0.0.3']) {
                assert.equal(await get(http, front.port, { localAddress, headers: { ...headers, 'x-forwarded-for': '198.51.100.1' } }), 200);
                assert.equal(await get(https, dark.port, { localAddress, ...tls }), 200);
            }
            const session = http2.connect(`http://127.0.0.1:${front.port}`, { createConnection: () => net.connect({ port: front.port, host: '127.0.0.1', localAddress: '127.0.0.4' }) });
            assert.equal(await get2(session, { ':authority': 'general.localhost', 'x-user-token': headers['x-user-token'] }), 200);
            session.close();
            assert.deepEqual(await lastPeers(plain, before_ + 3).then((all) => all.slice(before_)), ['127.0.0.2', '127.0.0.3', '127.0.0.4']);
            assert.deepEqual(await lastPeers(secure, late + 2).then((all) => all.slice(late)), ['127.0.0.2', '127.0.0.3']);
            await stopAll(front, dark);
        });

    test('its health checks (LOCAL) are no faults, and without the header it lets nobody through', async () => {
        const accepted = await plain.metric('dragoman_connections_accepted_total');
        const checking = await startProxy('haproxy', plain.port, { said: 'send-proxy-v2 check check-send-proxy inter 100' });
        for (let n = 0; n < 250 && (await plain.metric('dragoman_connections_accepted_total')) < accepted + 5; n++) await sleep(20);
        assert.equal(await get(http, checking.port, { headers }), 200, 'the proxy takes the gateway for alive');
        assert.equal(await plain.metric('dragoman_proxy_refusals_total'), 0);
        await checking.stop();
        const silent = await startProxy('haproxy', plain.port, { said: ' ' });
        await assert.rejects(get(http, silent.port, { headers }));
        assert.ok((await plain.metric('dragoman_proxy_refusals_total')) > 0);
        await silent.stop();
    });
});
