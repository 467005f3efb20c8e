// Issue 2, point 6 and "upstream": whatever a backend does wrong, the caller gets 502, 503 or 504 in its dialect, soon.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, clients, freePorts, sanitized, sleep, startBadBackend, startGateway } from './harness.mjs';

const head = (lines, body = '') => `HTTP/1.1 ${lines}\r\n\r\n${body}`;
const list = '{"patients":[],"total":0}';
const json = `200 OK\r\ncontent-type: application/json`;
const secret = 'Traceback: /srv/backend/secret.py line 7';

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

    for (const [what, [status, script]] of Object.entries(failures))
        test(`${what}: ${status}`, () => everyDialect(script, [status]));
    for (const [what, script] of Object.entries(framing))
        test(`${what}: 502, or the right answer`, () => everyDialect(script, (process.env.DRAGOMAN_TRANSPORT ?? 'h1') === 'h1' ? [502] : [200, 502]));

    test('a good answer still gets through, in pieces too', async () => {
        await everyDialect((s) => s.end(head(`${json}\r\ncontent-length: ${list.length}`, list)), [200]);
        await everyDialect(async (s) => {
            const bytes = head(`${json}\r\ntransfer-encoding: chunked`, `5\r\n${list.slice(0, 5)}\r\n14\r\n${list.slice(5)}\r\n0\r\n\r\n`);
            for (const byte of bytes) {
                if (s.writable) s.write(byte);
                await sleep(1);
            }
        }, sanitized ? [200, 504] : [200]);
    });

    test('the call carries the gateway\'s credential, never the client\'s, and no more than it needs', async () => {
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

    test('a create that broke off is not sent again', async () => {
        backend.heads.length = 0;
        backend.script = (s) => s.destroy();
        await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'Once' }, 502);
        assert.equal(backend.heads.filter((h) => h.startsWith('POST')).length, 1);
    });

    test('a backend that is not there: 502 or 503', async () => {
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
