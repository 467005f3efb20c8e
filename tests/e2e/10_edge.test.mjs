// The edge: HTTP/1.1 and HTTP/2, TLS, the admin listener, the logs, the end, and a start that must not happen.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, answer, binary, clients, document, endedLines, freePorts, person, request, root, sleep, startBadBackend, startGateway, transport } from './harness.mjs';
import { checkShape } from './shapes.mjs';

function h2Request(session, headers, body) {
    return new Promise((done, fail) => {
        const stream = session.request({ ':method': body ? 'POST' : 'GET', ...headers });
        const chunks = [];
        let head;
        stream.on('response', (h) => { head = h; });
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('error', fail);
        stream.on('close', () => fail(new Error('the stream was closed without an answer'))); // too late where there was one
        stream.on('end', () => head && done(answer(headers[':method'] ?? (body ? 'POST' : 'GET'), headers[':path'], head[':status'], head, Buffer.concat(chunks))));
        stream.end(body);
    });
}

async function until(holds, what) {
    for (let n = 0; n < 200 && !holds(); n++) await sleep(50);
    assert.ok(holds(), what);
}

/** Bytes in, everything that comes back until the connection closes out. */
function raw(port, bytes, { wait = 5000 } = {}) {
    return new Promise((done) => {
        const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
        let text = '';
        const end = (closed) => { socket.destroy(); done({ text, closed }); };
        const timer = setTimeout(() => end(false), wait);
        socket.on('data', (chunk) => { text += chunk.toString('latin1'); });
        socket.on('close', () => { clearTimeout(timer); end(true); });
        socket.on('error', () => {});
    });
}

describe('one port, two protocols', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    test('HTTP/2 by prior knowledge, 50 streams at once', async () => {
        const session = http2.connect(`http://127.0.0.1:${gateway.port}`);
        try {
            const token = { 'x-user-token': all.general.token };
            const got = await h2Request(session, { ':path': '/v1/patients/1049', ...token });
            assert.equal(got.status, 200);
            checkShape('general', got);
            const made = await h2Request(session, { ':path': '/v1/patients', 'content-type': 'application/json', ...token }, document('general-create.json'));
            assert.equal(made.status, 201);
            const many = await Promise.all(Array.from({ length: 50 }, () => h2Request(session, { ':path': '/v1/patients/1049', ...token })));
            assert.ok(many.every((a) => a.status === 200 && a.json.id === 1049));
            const wrong = await h2Request(session, { ':path': '/v1/nothing', ...token });
            assert.equal(wrong.status, 404);
            checkShape('general', wrong);
        } finally {
            session.close();
        }
    });

    test('HTTP/1.1: keep-alive, pipelining, chunked, Expect, HEAD', async () => {
        const head = `Host: localhost\r\nX-User-Token: ${all.general.token}\r\n`;
        const two = await raw(gateway.port, `GET /v1/patients/1049 HTTP/1.1\r\n${head}\r\nGET /v1/patients/1049 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
        assert.equal(two.text.match(/HTTP\/1\.1 200/g)?.length, 2);
        assert.ok(two.closed);
        const body = JSON.stringify({ patient: person() });
        const chunked = await raw(gateway.port, `POST /v1/patients HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`
            + `5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`);
        assert.match(chunked.text, /^HTTP\/1\.1 201/);
        const expect = await raw(gateway.port, `POST /v1/patients HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n${body}`);
        assert.match(expect.text, /HTTP\/1\.1 201/);
        const only = await raw(gateway.port, `HEAD /v1/patients/1049 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
        assert.match(only.text, /^HTTP\/1\.1 (200|405)/);
        assert.ok(only.text.endsWith('\r\n\r\n'), 'no body');
    });

    const smuggled = 'GET /v1/patients/1049 HTTP/1.1\r\nHost: x\r\n\r\n';
    for (const [what, head] of Object.entries({
        'two different lengths': 'POST /v1/patients HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n',
        'length and transfer coding': 'POST /v1/patients HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        'an unknown transfer coding': 'POST /v1/patients HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n',
        'no Host': 'GET /v1/patients HTTP/1.1\r\n\r\n',
        'two Hosts': 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
        'two credentials': 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n',
        'a folded line': 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n',
        'a bare line feed': 'GET /v1/patients HTTP/1.1\nHost: x\n\n',
        'a space before the colon': 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nX-User-Token : a\r\n\r\n',
    })) test(`${what}: 400, closed, and nothing after it is read`, async () => {
        const { text, closed } = await raw(gateway.port, head + smuggled);
        assert.match(text, /^HTTP\/1\.1 400/);
        assert.equal(text.match(/HTTP\/1\.1 /g).length, 1);
        assert.ok(closed);
    });

    test('a credential spelt with underscores is none', async () => {
        const { status } = await request(gateway.port, 'GET', '/v1/patients/1049', { headers: { x_user_token: all.general.token } });
        assert.ok([400, 401].includes(status), String(status));
    });

    test('an upgrade to h2c is no way around', async () => {
        const { text } = await raw(gateway.port, 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n', { wait: 2000 });
        assert.doesNotMatch(text, /101 Switching/);
    });

    test('the admin listener', async () => {
        assert.equal((await gateway.admin('/healthz')).status, 200);
        assert.equal((await gateway.admin('/readyz')).status, 200);
        assert.equal((await gateway.admin('/nothing')).status, 404);
        const { headers, text } = await gateway.admin('/metrics');
        assert.match(headers['content-type'], /^text\/plain/);
        const lines = text.trim().split('\n');
        for (const line of lines)
            assert.match(line, /^(# (HELP|TYPE) [a-z_:]+ .+|[a-z_:]+(\{([a-z_]+="[^"]*",?)*\})? -?[0-9.e+Inf-]+)$/, line);
        // each family opens with its HELP and its TYPE; its samples, and nothing else, follow
        const heads = [...text.matchAll(/^# HELP (\w+) \S.*\n# TYPE (\w+) (counter|gauge|histogram)$/mg)];
        assert.equal(heads.length * 2, lines.filter((line) => line[0] === '#').length, text);
        assert.equal(new Set(heads.map(([, name]) => name)).size, heads.length, 'each family once');
        let family = '(no family)';
        for (const line of lines) {
            if (line[0] === '#') family = heads.find(([, help, type]) => help === type && line.split(' ')[2] === help)?.[1];
            else assert.match(line, new RegExp(`^${family}(_bucket|_sum|_count)?[ {]`));
        }
        assert.ok(text.includes(`dragoman_upstream_requests_total{transport="${transport}"}`), text);
        assert.ok(await gateway.metric('dragoman_requests_total', { dialect: 'general' }) > 0);
        if (transport === 'h1') { // each connection counts once: with a call on it, or kept
            await all.general.get('/v1/patients/1049');
            assert.ok(await gateway.metric('dragoman_upstream_connections', { state: 'idle' }) > 0);
            assert.match((await gateway.admin('/metrics')).text, /^dragoman_upstream_connections\{state="busy"\} 0$/m);
        }
        for (const kind of ['TYPE dragoman_requests_total counter', '_bucket{', 'le="+Inf"']) assert.ok(text.includes(kind), kind);
    });

    test('docs/running.md names each metric, and the members of the access log', async () => {
        const page = readFileSync(join(root, 'docs/running.md'), 'utf8'), { text } = await gateway.admin('/metrics');
        const names = [...page.matchAll(/dragoman_[a-z_]+/g)].map(([name]) => name);
        const sent = [...text.matchAll(/^(?:# TYPE )?(dragoman_\w+?)(?:_bucket|_sum|_count)?[ {]/mg)].map(([, name]) => name);
        assert.deepEqual([...new Set(names)].sort(), [...new Set(sent)].sort());
        const members = [...page.slice(page.indexOf('The access log'), page.indexOf('no path, query')).matchAll(/`([a-z_]+)`/g)].map(([, name]) => name);
        await until(() => gateway.accessLog().some((line) => line.status === 200 && line.brand), 'a line');
        assert.deepEqual(Object.keys(gateway.accessLog().find((line) => line.status === 200 && line.brand)), members);
    });

    test('admin pages are not on the clients\' port, nor the other way round', async () => {
        for (const path of ['/metrics', '/healthz', '/readyz'])
            assert.ok((await request(gateway.port, 'GET', path)).status >= 400, path);
        assert.equal((await gateway.admin('/v1/patients/1049')).status, 404);
    });

    test('the access log: JSON lines, no tokens, names, dates, query values or bodies', async () => {
        await all.general.get('/v1/patients?search=Qanarysearch&page=1');
        await all.general.post('/v1/patients', { patient: person() });
        await all.twine.get(`/pub/patient?filter[organization]=${ACME}&filter[identifier][system]=s&filter[identifier][value]=Qanaryvalue`);
        const last = (await gateway.client('general', { token: 'Qanarytoken' }).get('/v1/patients', 401)).headers['x-request-id'];
        let lines = [];
        for (let n = 0; n < 100 && !lines.some((line) => line.request_id === last); n++) {
            await sleep(50); // lines are written a few times a second
            lines = gateway.accessLog();
        }
        assert.ok(lines.length >= 4);
        const text = JSON.stringify(lines);
        for (const secret of ['Qanary', '1984-02-29', ACME]) assert.ok(!text.includes(secret), secret);
        const { method, dialect, operation, status, detail } = lines.find((line) => line.request_id === last);
        assert.match(detail, /: the opaque token is unknown$/);
        assert.deepEqual({ method, dialect, operation, status }, { method: 'GET', dialect: 'general', operation: 'listPatients', status: 401 });
    });

    test('request ids differ, and a client cannot choose one with line feeds', async () => {
        const ids = new Set();
        for (let n = 0; n < 50; n++) ids.add((await all.general.get('/v1/patients/1049', 200, { 'x-request-id': 'mine"}' })).headers['x-request-id']);
        assert.equal(ids.size, 50);
    });
});

test('SIGHUP opens the access log again, after its file was moved away or cannot be made', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dragoman-log-')), file = join(dir, 'in', 'access.log'), moved = join(dir, 'moved.log');
    mkdirSync(join(dir, 'in'));
    const gateway = await startGateway({ set: { 'log.access': file } });
    const { general } = clients(gateway);
    const ids = (path) => (existsSync(path) ? endedLines(readFileSync(path, 'utf8')).map((line) => JSON.parse(line).request_id) : []);
    const asked = async () => (await general.get('/v1/patients/1049')).headers['x-request-id'];
    const told = (words) => until(() => gateway.output('stderr').includes(words), words);
    const first = await asked();
    await until(() => ids(file).includes(first), 'the first request is in the file');
    renameSync(file, moved);
    const between = await asked();
    await until(() => ids(moved).includes(between), 'without a signal the file that was moved is written to');
    gateway.process.kill('SIGHUP');
    await told('the access log is opened again');
    const second = await asked();
    await until(() => ids(file).includes(second), 'the second request is in the new file');
    assert.ok(!ids(file).includes(first) && !ids(moved).includes(second));
    renameSync(join(dir, 'in'), join(dir, 'out')); // now there is no folder for it
    gateway.process.kill('SIGHUP');
    await told('cannot be opened, the old file stays');
    const third = await asked();
    await until(() => ids(join(dir, 'out', 'access.log')).includes(third), 'the third request is not lost');
    await gateway.stop();
    rmSync(dir, { recursive: true });
});

describe('TLS', () => {
    let gateway, dir, all;
    before(async () => {
        dir = mkdtempSync(join(tmpdir(), 'dragoman-tls-'));
        makeCertificate();
        gateway = await startGateway({ set: { 'tls.certificate': join(dir, 'cert.pem'), 'tls.key': join(dir, 'key.pem') } });
        all = clients(gateway);
    });
    after(async () => {
        await gateway.stop();
        rmSync(dir, { recursive: true });
    });

    const makeCertificate = () => {
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
            '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')], { stdio: 'ignore' });
        chmodSync(join(dir, 'key.pem'), 0o600);
    };
    const overTls = (options) => new Promise((done, fail) => {
        https.get({ host: '127.0.0.1', port: gateway.port, path: '/v1/patients/1049', servername: 'localhost', ca: readFileSync(join(dir, 'cert.pem')),
            headers: { 'x-user-token': all.general.token }, ...options }, (r) => { r.resume(); r.on('end', () => done({ status: r.statusCode, protocol: r.socket.getProtocol() })); }).on('error', fail);
    });

    test('HTTP/1.1 over TLS 1.2 and 1.3, nothing older', async () => {
        assert.deepEqual(await overTls({ agent: false }), { status: 200, protocol: 'TLSv1.3' });
        assert.deepEqual(await overTls({ agent: false, maxVersion: 'TLSv1.2' }), { status: 200, protocol: 'TLSv1.2' });
        await assert.rejects(overTls({ agent: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
    });

    test('HTTP/2 by ALPN', async () => {
        const session = http2.connect(`https://localhost:${gateway.port}`, { ca: readFileSync(join(dir, 'cert.pem')), lookup: (n, o, cb) => cb(null, o.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4) });
        const got = await h2Request(session, { ':path': '/v1/patients/1049', 'x-user-token': all.general.token });
        assert.equal(got.status, 200);
        session.close();
    });

    test('SIGHUP reads a renewed certificate, and keeps the old one where the new one is no good', async () => {
        const lines = (words) => gateway.output('stderr').split(words).length - 1;
        const told = (words, count) => until(() => lines(words) >= count, words);
        const old = readFileSync(join(dir, 'cert.pem'));
        makeCertificate();
        await overTls({ agent: false, ca: old });
        gateway.process.kill('SIGHUP');
        await told('the certificate is read again', 1);
        assert.equal((await overTls({ agent: false })).status, 200);
        await assert.rejects(overTls({ agent: false, ca: old }));
        const good = readFileSync(join(dir, 'cert.pem'));
        chmodSync(join(dir, 'key.pem'), 0o644);
        gateway.process.kill('SIGHUP');
        await told('the old certificate stays', 1);
        assert.equal(lines(`tls.key: ${join(dir, 'key.pem')}: holds a secret but has mode 0644`), 1);
        writeFileSync(join(dir, 'cert.pem'), 'no certificate\n');
        chmodSync(join(dir, 'key.pem'), 0o600);
        gateway.process.kill('SIGHUP');
        await told('the old certificate stays', 2);
        assert.equal((await overTls({ agent: false, ca: good })).status, 200);
        assert.deepEqual([lines('the certificate is read again'), lines('the old certificate stays')], [1, 2], 'a line each, whatever the number of workers');
        writeFileSync(join(dir, 'cert.pem'), good);
        gateway.process.kill('SIGHUP');
        await told('the certificate is read again', 2);
    });

    // What is read from a pipe is gone: who reads second, for another worker, has nothing.
    test('SIGHUP reads the files once, for all workers', async () => {
        const lines = () => gateway.output('stderr').split('the certificate is read again').length - 1, before = lines();
        makeCertificate();
        renameSync(join(dir, 'cert.pem'), join(dir, 'good.pem'));
        execFileSync('mkfifo', [join(dir, 'cert.pem')]);
        gateway.process.kill('SIGHUP');
        execFileSync('sh', ['-c', 'cat "$1" > "$2"', '-', join(dir, 'good.pem'), join(dir, 'cert.pem')], { timeout: 10000 });
        await until(() => lines() > before, 'read again');
        renameSync(join(dir, 'good.pem'), join(dir, 'cert.pem'));
        for (let n = 0; n < 20; n++) assert.equal((await overTls({ agent: false })).status, 200);
    });

    test('plain text is not answered', async () => {
        const { text } = await raw(gateway.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', { wait: 2000 });
        assert.doesNotMatch(text, /^HTTP\/1\.1 200/);
    });
});

describe('the end', () => {
    test('SIGTERM: what is in flight is answered, idle connections are closed, exit 0', async () => {
        const list = '{"patients":[],"total":0}';
        const backend = await startBadBackend((s) => setTimeout(() => s.writable
            && s.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${list.length}\r\n\r\n${list}`), 1500));
        const gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': `http://127.0.0.1:${backend.port}` } });
        const all = clients(gateway);
        const idle = net.connect(gateway.port, '127.0.0.1');
        const closed = new Promise((done) => idle.on('close', done));
        const inFlight = all.general.get('/v1/patients');
        await sleep(400);
        gateway.process.ref();
        gateway.process.kill('SIGTERM');
        assert.equal((await inFlight).status, 200);
        const end = await gateway.ended;
        assert.deepEqual(end, { code: 0, signal: null });
        await closed;
        gateway.process = undefined;
        await gateway.stop();
        await backend.stop();
    });
});

describe('an end that nobody waits for', () => {
    test('SIGTERM: a write whose client has left goes on to its end', async () => {
        const held = [], stored = { id: 'p-left', brand_id: 'acme', ...person() };
        const backend = await startBadBackend((socket) => held.push(socket));
        const gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': `http://127.0.0.1:${backend.port}` } });
        const { general } = clients(gateway), body = JSON.stringify({ patient: person({ favourite: 'kept beside it' }) });
        const client = net.connect(gateway.port, '127.0.0.1', () => client.write('POST /v1/patients HTTP/1.1\r\nhost: general.localhost\r\n'
            + `x-user-token: ${general.token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`));
        await until(() => held.length === 1, 'the backend has it');
        client.destroy();
        gateway.process.ref();
        gateway.process.kill('SIGTERM');
        await Promise.race([gateway.ended, sleep(1000)]); // a gateway that did not wait for it has ended by then
        const text = JSON.stringify(stored);
        held[0].end(`HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
        assert.deepEqual(await gateway.ended, { code: 0, signal: null });
        gateway.process = undefined;
        assert.match(gateway.cli('crosswalk', 'export'), /^general,patient,acme,\d+,p-left$/m, 'known with what is kept beside it');
        await gateway.stop();
        await backend.stop();
    });
});

describe('an end that does not wait', () => {
    test('SIGTERM: what the backend never answers is given up after limits.drain_ms, HTTP/1, HTTP/2 and a write', async () => {
        const backend = await startBadBackend(() => {});
        const set = { 'backend.url': `http://127.0.0.1:${backend.port}`, 'limits.drain_ms': '300' };
        const gateway = await startGateway({ ready: '/healthz', set });
        const { general } = clients(gateway);
        const session = http2.connect(`http://127.0.0.1:${gateway.port}`);
        session.on('error', () => {});
        const given = [
            general.get('/v1/patients'),
            general.post('/v1/patients', { patient: person() }),
            h2Request(session, { ':path': '/v1/patients', 'x-user-token': general.token }),
        ].map((one) => one.then((got) => got.status, () => 0));
        for (let waited = 0; backend.heads.length < given.length && waited < 10000; waited += 20) await sleep(20);
        assert.equal(backend.heads.length, given.length);
        await gateway.stop();
        assert.deepEqual((await Promise.all(given)).filter((status) => status >= 200 && status < 300), []);
        session.destroy();
        await backend.stop();
    });
});

describe('a start that must not happen', () => {
    let dir, ports;
    before(async () => {
        ports = await freePorts(3);
        dir = mkdtempSync(join(tmpdir(), 'dragoman-bad-'));
        cpSync(join(root, 'mappings'), join(dir, 'mappings'), { recursive: true });
    });
    after(() => rmSync(dir, { recursive: true }));

    function refused(args, place) {
        const { status, stderr, stdout } = spawnSync(binary, args, { cwd: dir, encoding: 'utf8', timeout: 20000 });
        assert.equal(status, 1, `${args.join(' ')}: ${stdout}${stderr}`);
        assert.equal(stderr.trim().split('\n').length, 1, `one line: ${stderr}`);
        assert.match(stderr, place);
    }
    const own = () => ['state_dir=' + join(dir, 'state'), ...['listen', 'admin.listen', 'backend.listen'].map((key, n) => `${key}=127.0.0.1:${ports[n]}`)]
        .flatMap((set) => ['--set', set]);

    test('a bad configuration names file, line and column', () => {
        const cases = [['listen: 127.0.0.1:8080\nlissten: x\n', /bad\.yaml:2:1: /], ['workers: many\n', /bad\.yaml:1:10: /], ['limits:\n  body_kb: -1\n', /bad\.yaml:2:12: /],
            ['a: [\n', /bad\.yaml:\d+:\d+: /], ['listen: "x\n', /bad\.yaml:\d+:\d+: /], ['workers: 1\nworkers: 2\n', /bad\.yaml:2:1: /]];
        for (const [text, place] of cases) {
            writeFileSync(join(dir, 'bad.yaml'), text);
            refused(['serve', '-c', 'bad.yaml', ...own()], place);
            refused(['check', '-c', 'bad.yaml'], place);
        }
        refused(['serve', '-c', 'none.yaml', ...own()], /none\.yaml/);
        refused(['serve', '--set', 'lissten=x', ...own()], /lissten/);
        refused(['serve', '--set', 'workers=many', ...own()], /workers/);
    });

    test('a bad mapping names file, line and column', () => {
        writeFileSync(join(dir, 'good.yaml'), `mappings: ${join(dir, 'mappings')}\n`);
        const file = join(dir, 'mappings/general/patient.yaml');
        const good = readFileSync(file, 'utf8');
        const line = (text, word) => text.split('\n').findIndex((l) => l.includes(word)) + 1;
        for (const [from, to] of [['type: string, is: gender', 'type: strnig, is: gender'], ['is: phone', 'is: email'], ['rest: store', 'rest: stoer'],
            ['dialect: general', 'dialect: general\nsurprise: 1']]) {
            const bad = good.replace(from, to);
            writeFileSync(file, bad);
            const place = new RegExp(`patient\\.yaml:${from === 'is: phone' ? '\\d+' : line(bad, to.split('\n').at(-1))}:\\d+: `);
            refused(['serve', '-c', 'good.yaml', ...own()], place);
            refused(['check', '-c', 'good.yaml'], place);
            writeFileSync(file, good);
        }
        const fine = spawnSync(binary, ['check', '-c', 'good.yaml', '--set', `state_dir=${join(dir, 'state')}`], { cwd: dir, encoding: 'utf8' });
        assert.equal(fine.status, 0, fine.stderr);
    });

    test('wrong usage is exit 2', () => {
        for (const args of [[], ['nonsense'], ['serve', '--nonsense'], ['token', '--dialect'], ['serve', '--set']]) {
            const { status, stderr } = spawnSync(binary, args, { cwd: dir, encoding: 'utf8', timeout: 20000 });
            assert.equal(status, 2, `${args.join(' ')}: ${status} ${stderr}`);
            assert.ok(stderr.length > 0);
        }
    });

    test('a port that is taken', async () => {
        const busy = net.createServer();
        await new Promise((done) => busy.listen(0, '127.0.0.1', done));
        const { port } = busy.address();
        writeFileSync(join(dir, 'good.yaml'), `mappings: ${join(dir, 'mappings')}\n`);
        refused(['serve', '-c', 'good.yaml', ...own(), '--set', `listen=127.0.0.1:${port}`], new RegExp(`${port}`));
        await new Promise((done) => busy.close(done));
    });
});
