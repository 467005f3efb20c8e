// Whatever a backend does wrong, the caller gets 502, 503 or 504 in its dialect, soon, and nothing of the backend's words; and the
// backend must prove who it is.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, binary, clients, freePorts, root, sanitized, sleep, startBadBackend, startGateway } from '../e2e/harness.mjs';

const head = (lines, body = '') => `HTTP/1.1 ${lines}\r\n\r\n${body}`;
const list = '{"patients":[],"total":0}';
const json = `200 OK\r\ncontent-type: application/json`;
const secret = 'Traceback: /srv/backend/secret.py line 7';

const bomb = gzipSync(Buffer.alloc(100 << 20, ' '));

const failures = {
    'closes without an answer': [502, (s) => s.end()],
    'resets': [502, (s) => s.resetAndDestroy?.() ?? s.destroy()],
    'answers garbage': [502, (s) => s.end('\x00\x01\x02 nonsense\r\n\r\n')],
    'breaks off in the head': [502, (s) => s.end('HTTP/1.1 200 OK\r\ncontent-le')],
    'breaks off in the body': [502, (s) => s.end(head(`${json}\r\ncontent-length: 500`, list))],
    'breaks off a chunk': [502, (s) => s.end(head(`${json}\r\ntransfer-encoding: chunked`, `400\r\n${list}`))],
    'sends no last chunk': [502, (s) => s.end(head(`${json}\r\ntransfer-encoding: chunked`, `19\r\n${list}\r\n`))],
    'sends a bad chunk size': [502, (s) => s.end(head(`${json}\r\ntransfer-encoding: chunked`, `zz\r\n${list}\r\n0\r\n\r\n`))],
    'sends HTML': [502, (s) => s.end(head('200 OK\r\ncontent-type: text/html\r\ncontent-length: 13', '<html></html>'))],
    'sends broken JSON': [502, (s) => s.end(head(`${json}\r\ncontent-length: 5`, '{"a":'))],
    'sends JSON of another shape': [502, (s) => s.end(head(`${json}\r\ncontent-length: 10`, '{"rows":1}'))],
    'sends duplicate members': [502, (s) => s.end(head(`${json}\r\ncontent-length: 37`, '{"patients":[],"total":0,"total":1}  '))],
    'sends nothing at all': [502, (s) => s.end(head(`${json}\r\ncontent-length: 0`))],
    'sends 204': [502, (s) => s.end(head('204 No Content'))],
    'redirects': [502, (s) => s.end(head('302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0'))],
    'fails with a stack trace': [502, (s) => s.end(head(`500 Oops\r\ncontent-type: text/plain\r\ncontent-length: ${secret.length}`, secret))],
    'refuses our credential': [502, (s) => s.end(head(`401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 2`, '{}'))],
    'is unavailable': [503, (s) => s.end(head('503 Service Unavailable\r\ncontent-length: 0'))],
    'never answers': [504, () => {}],
    'stops in the head': [504, (s) => s.write('HTTP/1.1 200 OK\r\n')],
    'stops in the body': [504, (s) => s.write(head(`${json}\r\ncontent-length: 500`, list))],
    'drips': [504, (s) => {
        s.write(head(`${json}\r\ncontent-length: 5000`, '{'));
        const timer = setInterval(() => s.destroyed ? clearInterval(timer) : s.write(' '), 100);
        s.on('close', () => clearInterval(timer));
    }],
    'sends 1xx without end': [502, (s) => {
        const timer = setInterval(() => s.destroyed ? clearInterval(timer) : s.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)), 5);
        s.on('close', () => clearInterval(timer));
    }],
    'sends an endless head': [502, (s) => {
        s.write('HTTP/1.1 200 OK\r\n');
        const timer = setInterval(() => s.destroyed ? clearInterval(timer) : s.write(`x-${'a'.repeat(8000)}: b\r\n`), 5);
        s.on('close', () => clearInterval(timer));
    }],
    'sends a bomb that unpacks to 100 MB': [502, (s) => s.end(Buffer.concat([Buffer.from(head(`${json}\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}`)), bomb]))],
    'sends 204 with a body': [502, (s) => s.end(head('204 No Content\r\ncontent-length: 25', list))],
    'switches protocols': [502, (s) => s.end(head('101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade'))],
    'redirects to a file': [502, (s) => s.end(head('307 Temporary Redirect\r\nlocation: file:///etc/passwd\r\ncontent-length: 0'))],
    'sends 100 MB': [502, (s) => {
        s.write(head(`${json}\r\ntransfer-encoding: chunked`));
        const piece = `10000\r\n${' '.repeat(65536)}\r\n`;
        const more = () => { for (let i = 0; i < 16 && !s.destroyed; i++) s.write(piece); if (!s.destroyed) setTimeout(more, 1); };
        more();
    }],
    'sends too large a body': [502, (s) => s.end(head(`${json}\r\ncontent-length: 3000000`, ' '.repeat(3000000)))],
};
// libcurl is laxer than our own client about these two: it joins equal lengths and prefers chunks (RFC 9112 section 6.3).
const framing = {
    'sends two lengths': (s) => s.end(head(`${json}\r\ncontent-length: 25\r\ncontent-length: 26`, `${list} `)),
    'sends length and chunks': (s) => s.end(head(`${json}\r\ncontent-length: 3\r\ntransfer-encoding: chunked`, `19\r\n${list}\r\n0\r\n\r\n`)),
};

describe('a backend that fails', () => {
    let gateway, backend, all;
    const expectations = () => [
        ['general', '/v1/patients'], ['twine', `/pub/patient?filter[organization]=${ACME}`], ['graph', '/v1/patients?brand_id=acme'],
    ];
    before(async () => {
        backend = await startBadBackend(() => {});
        gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': `http://127.0.0.1:${backend.port}`,
            'backend.connect_ms': '500', 'backend.first_byte_ms': '700', 'backend.total_ms': '1200', 'backend.body_kb': '2048' } });
        all = clients(gateway);
    });
    after(async () => {
        await gateway.stop();
        await backend.stop();
    });

    async function everyDialect(script, statuses) {
        backend.script = script;
        const answers = await Promise.all(expectations().map(([name, path]) => all[name].get(path, ANY)));
        for (const got of answers) {
            assert.ok(statuses.includes(got.status), `${got.path}: ${got.status} ${got.text}`);
            assert.ok(!got.text.includes('Traceback') && !got.text.includes('<html>') && !got.text.includes(String(backend.port)), got.text);
            if (got.status === 503) assert.ok(got.headers['retry-after'], 'Retry-After');
        }
    }

    // One test for each, so that the one that fails is named: s50_a_backend_that_fails is their common name.
    const memoryKb = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8'))[1]);
    for (const [what, [status, script]] of Object.entries(failures))
        test(`s50_a_backend_that_fails: ${what}: ${status}`, async () => {
            const before = memoryKb();
            await everyDialect(script, [status]);
            assert.ok(memoryKb() - before < (sanitized ? 400 : 64) * 1024, 'bounded memory');
        });
    for (const [what, script] of Object.entries(framing))
        test(`s50_a_backend_that_fails: ${what}: 502, or the right answer`, () => everyDialect(script, (process.env.DRAGOMAN_TRANSPORT ?? 'h1') === 'h1' ? [502] : [200, 502]));

    test('s50_a_good_answer_still_gets_through_in_pieces_too', async () => {
        await everyDialect((s) => s.end(head(`${json}\r\ncontent-length: ${list.length}`, list)), [200]);
        await everyDialect(async (s) => {
            const bytes = head(`${json}\r\ntransfer-encoding: chunked`, `5\r\n${list.slice(0, 5)}\r\n14\r\n${list.slice(5)}\r\n0\r\n\r\n`);
            for (const byte of bytes) {
                if (s.writable) s.write(byte);
                await sleep(1);
            }
        }, sanitized ? [200, 504] : [200]);
    });

    test('s29_the_call_carries_the_gateway_s_credential_and_no_more_than_it_needs', async () => {
        backend.heads.length = 0;
        await everyDialect((s) => s.end(head(`${json}\r\ncontent-length: ${list.length}`, list)), [200]);
        assert.equal(backend.heads.length, 3);
        for (const sent of backend.heads) {
            assert.match(sent, /\r\nauthorization: Bearer [\w-]+\.[\w-]+\.[\w-]+\r\n/i);
            assert.doesNotMatch(sent, /x-user-token/i);
            for (const secret of gateway.secrets) assert.ok(!sent.includes(secret), 'a client\'s token');
            const [, payload] = /bearer [\w-]+\.([\w-]+)\./i.exec(sent);
            const claims = JSON.parse(Buffer.from(payload, 'base64url'));
            assert.equal(claims.aud, 'dragoman-backend');
            assert.equal(claims.brand_id, 'acme');
            assert.ok(claims.exp - claims.iat <= 60);
        }
    });

    test('s50_a_create_that_broke_off_is_not_sent_again', async () => {
        backend.heads.length = 0;
        backend.script = (s) => s.destroy();
        await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'Once' }, 502);
        assert.equal(backend.heads.filter((h) => h.startsWith('POST')).length, 1);
    });

    test('s50_a_backend_that_is_not_there', async () => {
        const [port] = await freePorts(1);
        const other = await startGateway({ ready: '/healthz', set: { 'backend.url': `http://127.0.0.1:${port}` } });
        try {
            const of = clients(other);
            for (const [name, path] of expectations()) {
                const { status } = await of[name].get(path, ANY);
                assert.ok([502, 503].includes(status), `${name}: ${status}`);
            }
            assert.equal((await other.admin('/healthz')).status, 200);
        } finally {
            await other.stop();
        }
    });
});

describe('TLS on both sides', () => {
    let folder;
    const file = (name) => join(folder, name);
    const certificate = (name, host) => execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${host}`,
        '-addext', `subjectAltName=DNS:${host}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)], { stdio: 'ignore' });
    before(() => {
        folder = mkdtempSync(join(tmpdir(), 'dragoman-hostile-tls-'));
        certificate('server', 'localhost');
        certificate('client', 'client');
        certificate('stranger', 'stranger');
        for (const name of ['server', 'client', 'stranger']) execFileSync('chmod', ['600', file(`${name}.key`)]);
    });
    after(() => rmSync(folder, { recursive: true }));

    test('s52_nothing_older_than_tls_1_2_and_only_clients_with_a_certificate', async () => {
        const gateway = await startGateway({ set: { 'tls.certificate': file('server.pem'), 'tls.key': file('server.key'), 'tls.client_ca': file('client.pem') } });
        const token = gateway.token('general');
        const ask = (options) => new Promise((done) => {
            const socket = connect({ host: '127.0.0.1', port: gateway.port, servername: 'localhost', ca: readFileSync(file('server.pem')), ALPNProtocols: ['http/1.1'], ...options }, () =>
                socket.write(`GET /v1/patients/1049 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-User-Token: ${token}\r\n\r\n`));
            let text = '';
            socket.on('data', (chunk) => { text += chunk; });
            socket.on('error', () => done(text));
            socket.on('close', () => done(text));
        });
        const own = { key: readFileSync(file('client.key')), cert: readFileSync(file('client.pem')) };
        for (const version of ['TLSv1.2', 'TLSv1.3']) assert.match(await ask({ ...own, minVersion: version, maxVersion: version }), /^HTTP\/1\.1 200/, version);
        assert.equal(await ask({ ...own, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), '');
        for (const version of ['TLSv1.2', 'TLSv1.3']) {
            assert.doesNotMatch(await ask({ minVersion: version, maxVersion: version }), / 200 /, `no certificate, ${version}`);
            assert.doesNotMatch(await ask({ key: readFileSync(file('stranger.key')), cert: readFileSync(file('stranger.pem')), minVersion: version, maxVersion: version }), / 200 /, `a stranger's, ${version}`);
        }
        await gateway.stop();
    });

    test('s52_the_backend_must_prove_its_name', async () => {
        let asked = 0;
        const server = https.createServer({ key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')) }, (incoming, outgoing) => {
            asked++;
            outgoing.writeHead(200, { 'content-type': 'application/json' });
            outgoing.end(list);
        });
        await new Promise((done) => server.listen(0, '127.0.0.1', done));
        for (const [host, more, wanted] of [['localhost', { 'backend.ca_file': file('server.pem') }, [200]], ['localhost', {}, [502, 503]], ['127.0.0.1', { 'backend.ca_file': file('server.pem') }, [502, 503]], ['localhost', { 'backend.ca_file': file('stranger.pem') }, [502, 503]]]) {
            asked = 0;
            const gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': `https://${host}:${server.address().port}`, 'backend.transport': 'auto', ...more } });
            const { status } = await gateway.client('general').get('/v1/patients', ANY);
            assert.ok(wanted.includes(status), `${host} ${JSON.stringify(more)}: ${status}`);
            assert.equal(asked > 0, status === 200, 'nothing is sent to who cannot prove its name');
            await gateway.stop();
        }
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
    });

    test('s50_only_http_and_https_are_spoken', () => {
        for (const url of ['file:///etc/passwd', 'ftp://x/', 'gopher://x/', 'scp://x/', 'dict://x/', 'unix:/tmp/x', '//x/', 'localhost:8081'])
            assert.equal(spawnSync(binary, ['check', '-c', 'conf/dragoman.yaml', '--set', `backend.url=${url}`], { cwd: root }).status, 1, url);
    });
});
