// Requests that two servers read in two ways, paths that two rooms read in two ways, and headers that do not mean what they say.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, clients, request, startGateway } from '../e2e/harness.mjs';
import { checkShape } from '../e2e/shapes.mjs';
import { Frames, H2, frame, get, raw, startBackend } from './kit.mjs';

const LIST = { patients: [], total: 0 };

describe('the HTTP layer', () => {
    let gateway, backend, all, next;
    before(async () => {
        backend = await startBackend(() => ({ json: LIST }));
        gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': backend.url, 'limits.head_ms': '2000' } });
        all = clients(gateway);
        next = `GET /v1/patients?search=smuggled HTTP/1.1\r\nHost: x\r\nX-User-Token: ${all.general.token}\r\n\r\n`;
    });
    after(async () => {
        await gateway.stop();
        await backend.stop();
    });
    const start = (line = 'POST /v1/patients HTTP/1.1') => `${line}\r\nHost: x\r\nX-User-Token: ${all.general.token}\r\nContent-Type: application/json\r\n`;
    const smuggled = () => backend.asked.filter((a) => a.url.includes('smuggled')).length;

    test('s39_every_error_has_the_dialect_s_shape_and_a_request_id', async () => {
        const cases = [['GET', '/v1/nowhere', 404], ['DELETE', '/v1/patients', 405], ['GET', `/v1/patients?search=${'x'.repeat(9000)}`, 414], ['POST', '/v1/patients', 415, { 'content-type': 'text/plain' }, 'x'],
            ['POST', '/v1/patients', 400, { 'content-type': 'application/json' }, '{'], ['POST', '/v1/patients', 413, { 'content-type': 'application/json' }, ' '.repeat(5 << 20)],
            ['GET', '/v1/patients', 406, { accept: 'text/html' }], ['GET', '/v1/patients', 431, { 'x-big': 'x'.repeat(66000) }]];
        for (const [method, path, status, headers = {}, body] of cases) {
            const got = await all.general.call(method, path, { body, headers: { host: 'general.localhost', ...headers } });
            assert.ok([status, 400].includes(got.status), `${method} ${path.slice(0, 40)}: ${got.status}`);
            assert.match(got.headers['x-request-id'] ?? '', /^[\w.-]{1,64}$/, `${method} ${path.slice(0, 40)}: ${got.status}`);
            checkShape('general', got);
            assert.doesNotMatch(got.text, /src\/|0x[0-9a-f]{6}|127\.0\.0\.1|libh2o|sqlite/i);
            assert.doesNotMatch(JSON.stringify(got.headers), /h2o|libcurl|dragoman\/\d/i, 'no product and version');
        }
    });

    test('s40_links_come_from_the_configuration_only', async () => {
        const plain = await all.twine.get(`/pub/patient?filter[organization]=${ACME}`);
        for (const headers of [{ 'x-forwarded-host': 'evil.test' }, { forwarded: 'host=evil.test;proto=gopher' }, { 'x-forwarded-proto': 'gopher' }, { 'x-original-url': '/evil.test' }, { 'x-rewrite-url': '/evil.test' },
            { 'x-forwarded-prefix': '/evil.test' }, { referer: 'http://evil.test/' }, { host: 'evil.test' }]) {
            const got = await all.twine.get(`/pub/patient?filter[organization]=${ACME}`, 200, headers);
            assert.ok(!got.text.includes('evil.test') && !JSON.stringify(got.headers).includes('evil.test'), JSON.stringify(headers));
            assert.deepEqual(got.json.links, plain.json.links);
        }
    });

    test('s41_framing_that_can_be_read_in_two_ways_is_refused', async () => {
        const whole = (rest, body = '') => start() + rest + '\r\n' + body;
        const heads = {
            'two lengths': whole('Content-Length: 0\r\nContent-Length: 5\r\n'), 'two equal lengths': whole('Content-Length: 2\r\nContent-Length: 2\r\n', '{}'), 'a list of lengths': whole('Content-Length: 0, 5\r\n'),
            'a signed length': whole('Content-Length: +2\r\n', '{}'), 'a negative length': whole('Content-Length: -1\r\n'), 'a length in hexadecimal': whole('Content-Length: 0x2\r\n', '{}'), 'an empty length': whole('Content-Length:\r\n'),
            'an endless length': whole(`Content-Length: ${'9'.repeat(40)}\r\n`), 'a length of 2^64': whole('Content-Length: 18446744073709551616\r\n'), 'a length and chunks': whole('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
            'chunks and a length': whole('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'), 'a bad coding beside a length': whole('Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n'),
            'an unknown coding': whole('Transfer-Encoding: gzip\r\n'), 'identity': whole('Transfer-Encoding: identity\r\n'), 'two codings': whole('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 'chunked twice': whole('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'),
            'two coding headers': whole('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n'), 'a quoted coding': whole('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'), 'a tab before the coding': whole('Transfer-Encoding:\x0bchunked\r\n', '0\r\n\r\n'),
            'a space before the colon': whole('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), 'a folded coding': whole('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), 'a folded line': whole('X-A: b\r\n c\r\n'), 'a folded first line': `POST /v1/patients HTTP/1.1\r\n Host: x\r\n\r\n`,
            'a bare line feed': `GET /v1/patients HTTP/1.1\nHost: x\n\n`, 'a bare line feed within': whole('X-A: b\nX-B: c\r\n'), 'a bare carriage return': whole('X-A: b\rX-B: c\r\n'), 'a NUL': whole('X-A: b\0c\r\n'), 'a NUL in a name': whole('X\0A: b\r\n'), 'an empty name': whole(': b\r\n'),
            'no colon': whole('X-A\r\n'), 'no host': 'GET /v1/patients HTTP/1.1\r\n\r\n', 'two hosts': 'GET /v1/patients HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 'a host with a path': 'GET /v1/patients HTTP/1.1\r\nHost: x/y\r\n\r\n', 'a host with a user': 'GET /v1/patients HTTP/1.1\r\nHost: a@x\r\n\r\n',
            'chunks in HTTP/1.0': start('POST /v1/patients HTTP/1.0') + 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'a version of 1.2': 'GET /v1/patients HTTP/1.2\r\nHost: x\r\n\r\n', 'a version of 2': 'GET /v1/patients HTTP/2.0\r\nHost: x\r\n\r\n', 'two spaces': 'GET  /v1/patients HTTP/1.1\r\nHost: x\r\n\r\n',
            'a tab': 'GET\t/v1/patients\tHTTP/1.1\r\nHost: x\r\n\r\n', 'a line feed in the path': 'GET /v1/\npatients HTTP/1.1\r\nHost: x\r\n\r\n',
        };
        for (const [what, head] of Object.entries(heads)) {
            const { answers, closed, text } = await raw(gateway.port, head + next, { wait: 4000 });
            assert.ok(answers.length <= 1, `${what}: ${answers}`);
            assert.ok(!answers.length || /40[05]|505|501|41[17]/.test(answers[0]), `${what}: ${text.slice(0, 100)}`);
            assert.ok(closed, `${what}: stays open`);
        }
        const chunks = { 'a huge chunk': 'ffffffffffffffff\r\n', 'a chunk of 2^64 and more': '10000000000000005\r\nhello\r\n0\r\n\r\n', 'no size': '\r\n0\r\n\r\n', 'a signed size': '+2\r\n{}\r\n0\r\n\r\n', 'a negative size': '-2\r\n{}\r\n0\r\n\r\n', 'a hexadecimal prefix': '0x2\r\n{}\r\n0\r\n\r\n',
            'a size with an underscore': '0_2\r\n{}\r\n0\r\n\r\n', 'a chunk longer than said': '2\r\n{}{}\r\n0\r\n\r\n', 'junk after a size': '2\rX\n{}\r\n0\r\n\r\n', 'bare line feeds': '2\n{}\n0\n\n', 'a spaced size': ' 2\r\n{}\r\n0\r\n\r\n', 'an extension with a line feed': '2;a\nb\r\n{}\r\n0\r\n\r\n', 'junk after the last': '0\r\nX-A b\r\n\r\n' };
        for (const [what, body] of Object.entries(chunks)) {
            const { answers, closed } = await raw(gateway.port, start() + 'Transfer-Encoding: chunked\r\n\r\n' + body + next, { wait: 4000, end: true });
            assert.ok(answers.length <= 1, `${what}: ${answers}`);
            assert.ok(closed, `${what}: stays open`);
        }
        assert.equal(smuggled(), 0, 'nothing that followed was read');
    });

    test('s43_underscores_are_not_dashes', async () => {
        for (const name of ['x_user_token', 'X_USER_TOKEN', 'x-user_token', 'x_user-token', 'authorization_', 'x.user.token']) {
            const { status } = await request(gateway.port, 'GET', '/v1/patients', { headers: { host: 'general.localhost', [name]: all.general.token } });
            assert.ok([400, 401].includes(status), `${name}: ${status}`);
        }
        backend.asked.length = 0;
        await all.graph.get('/v1/patients?brand_id=acme', 200, { x_brand_id: 'globex', x_request_id: 'mine', content_length: '5' });
        const [{ headers, url }] = backend.asked;
        assert.ok(!Object.keys(headers).some((h) => h.includes('_')) && !url.includes('globex'));
        assert.notEqual(headers['x-request-id'], 'mine');
    });

    test('s44_connection_cannot_strip_what_matters', async () => {
        for (const named of ['x-user-token', 'X-User-Token, x-request-id', 'host', 'authorization, content-type, close', 'content-length, transfer-encoding']) {
            backend.asked.length = 0;
            const { status, headers } = await all.general.get('/v1/patients', ANY, { connection: named, 'x-request-id': '0123456789abcdef', te: 'trailers', 'keep-alive': 'x', 'proxy-connection': 'x', upgrade: 'x' });
            assert.ok([200, 400].includes(status), `${named}: ${status}`);
            if (status !== 200) continue;
            assert.equal(headers['x-request-id'], '0123456789abcdef');
            for (const hop of ['te', 'keep-alive', 'proxy-connection', 'upgrade']) assert.equal(backend.asked[0].headers[hop], undefined, hop);
        }
        // Nothing of the client's own goes on by itself either.
        backend.asked.length = 0;
        await all.general.get('/v1/patients', 200, { 'x-forwarded-for': '10.0.0.1', cookie: 'a=b', 'x-anything': 'y', 'proxy-authorization': 'Basic eA==' });
        for (const name of ['x-forwarded-for', 'cookie', 'x-anything', 'x-user-token', 'proxy-authorization']) assert.equal(backend.asked[0].headers[name], undefined, name);
    });

    test('s45_a_path_means_one_thing', async () => {
        const id = 'p-1';
        const spelt = ['/v1/./patients', '/v1/x/../patients', '/v1/%2e%2e/v1/patients', '/v1/%2E/patients', '/v1//patients', '//v1/patients', '/v1/patients/..%2f..%2fadmin', `/v1/patients%2f${id}`, `/v1/patients/${id}%2fsafe`, `/v1/patients/${id}%5csafe`,
            `/v1/patients/${id}\\safe`, `/v1/patients;x=1`, `/v1/patients/${id};a=b/safe`, '/v1/patients%00', `/v1/patients/${id}%00/safe`, '/v1/patients/%c0%af', '/v1/patients/%c0%ae%c0%ae', '/v1/patients/%', '/v1/patients/%2', '/v1/patients/%zz', '/v1/patients/%u0041', '/v1/patients/',
            '/V1/patients', '/v1/Patients', '/v1/patients/%0d%0aX:1', '/v1/patients/%ff', '/v1/patients/.', '/v1/patients/..', '/v1/patients/%252e%252e', '/v1/patients#x', '/v1/patients/a%20b'];
        for (const path of spelt) {
            backend.asked.length = 0;
            const { answers: [line = ''] } = await raw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: patient-graph.localhost\r\nConnection: close\r\nAuthorization: Bearer ${all.graph.token}\r\n\r\n`);
            const verdict = Number(line.slice(9));
            assert.ok([200, 400, 403, 404].includes(verdict), `${path}: ${line}`);
            // Without a token the verdict must not be a success, whatever the spelling.
            const { answers: [bare = ''] } = await raw(gateway.port, `GET ${path} HTTP/1.1\r\nHost: patient-graph.localhost\r\nConnection: close\r\n\r\n`);
            assert.ok([400, 401, 404].includes(Number(bare.slice(9))), `${path}: ${bare}`);
            for (const { url } of backend.asked) assert.doesNotMatch(url, /\.\.|%2e|%00|\/\/|;|\\|admin/i, `${path} became ${url}`);
        }
        // One byte spelt in two ways is one path.
        const letter = async (path) => (await request(gateway.port, 'GET', path, { headers: all.graph.headers() })).status;
        assert.equal(await letter('/v1/%70atients?brand_id=acme'), await letter('/v1/patients?brand_id=acme'));
    });

    test('s49_methods_versions_and_forms_of_a_request', async () => {
        const one = async (bytes, options) => (await raw(gateway.port, bytes, options));
        const token = `Host: general.localhost\r\nX-User-Token: ${all.general.token}\r\n`;
        const cases = { 'CONNECT': 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', 'absolute form': `GET http://general.localhost/v1/patients HTTP/1.1\r\n${token}\r\n`, 'absolute form of another host': `GET http://evil.test/v1/patients HTTP/1.1\r\n${token}\r\n`, 'asterisk form': `OPTIONS * HTTP/1.1\r\n${token}\r\n`,
            'TRACE': `TRACE /v1/patients HTTP/1.1\r\n${token}\r\n`, 'a made-up method': `SMUGGLE /v1/patients HTTP/1.1\r\n${token}\r\n`, 'a method in small letters': `get /v1/patients HTTP/1.1\r\n${token}\r\n`, 'the HTTP/2 preface half-way': 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n' };
        for (const [what, bytes] of Object.entries(cases)) {
            const { answers, text } = await one(bytes, { wait: 1500 });
            assert.ok(!answers.length || /4\d\d|50[15]/.test(answers[0]), `${what}: ${answers}`);
            assert.ok(!text.includes(all.general.token), `${what}: nothing is echoed`);
        }
        const h2c = await one(`GET /v1/patients HTTP/1.1\r\n${token}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`, { wait: 1000 });
        assert.ok(!h2c.text.includes('101'));
        const websocket = await one(`GET /v1/patients HTTP/1.1\r\n${token}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`, { wait: 1000 });
        assert.ok(!websocket.text.includes('101'));
        assert.deepEqual((await one(`GET /v1/patients\r\n`, { wait: 1000, end: true })).answers.filter((l) => l.endsWith('200')), [], 'HTTP/0.9');
        const old = await one(`GET /v1/patients HTTP/1.0\r\n${token}\r\n`);
        assert.deepEqual([old.answers.length, old.closed], [1, true], 'HTTP/1.0 ends with its answer');
        const kept = await one(`GET /v1/patients HTTP/1.0\r\n${token}Connection: keep-alive\r\n\r\nGET /v1/patients HTTP/1.0\r\n${token}\r\n`);
        assert.ok(kept.answers.length >= 1 && kept.answers.every((l) => l.endsWith('200')));
        const body = '{"patient":{}}';
        const expect = await one(`POST /v1/patients HTTP/1.1\r\n${token}Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`, { wait: 1000 });
        assert.match(expect.text, /^HTTP\/1\.1 100 Continue\r\n\r\n$/, 'asked for the body, and nothing said before it');
        for (const path of ['*', 'v1/patients', '', 'http://evil.test/v1/patients']) { // HTTP/2 says the same in :path
            const session = new Frames(gateway.port);
            session.write(frame(H2.HEADERS, 5, 1, get(path, [['x-user-token', all.general.token]])));
            await session.refused(500);
            assert.ok(!session.of(H2.HEADERS).some((f) => f.payload[0] === 0x88), `:path ${path} is no success`);
            session.destroy();
        }
    });

    test('s42_headers_of_http2_carry_no_line_ends_lengths_or_connections', async () => {
        backend.asked.length = 0;
        const own = ['x-user-token', all.general.token];
        const cases = [[['x-a', 'b\r\nx-b: c']], [['x-a', 'b\nc']], [['x-a', 'b\0c']], [['x-a\r\nx-b', 'c']], [['x a', 'b']], [['X-Upper', 'b']], [['transfer-encoding', 'chunked']], [['connection', 'close']], [['te', 'gzip']],
            [['content-length', '5'], ['content-length', '6']], [[':path', '/v1/patients/2']], [[':evil', 'x']], [['host', 'evil.test']], [['', 'x']]];
        for (const more of cases) {
            const session = new Frames(gateway.port);
            session.write(frame(H2.HEADERS, 5, 1, get('/v1/patients', [own, ...more])));
            for (let n = 0; n < 100 && !session.closed && !session.frames.some((f) => f.stream === 1 || f.type === H2.GOAWAY); n++) await new Promise((done) => setTimeout(done, 20));
            session.destroy();
        }
        for (const { headers, url } of backend.asked) {
            assert.ok(!('x-b' in headers) && headers.host !== 'evil.test' && headers['transfer-encoding'] === undefined, JSON.stringify(headers));
            assert.ok(url.startsWith('/v1/patients?'), url);
        }
        // A length that is not the body's (RFC 9113 section 8.1.1).
        for (const [length, body] of [['5', '{}'], ['0', '{"patient":{}}'], ['1', '{}']]) {
            const session = http2.connect(`http://127.0.0.1:${gateway.port}`);
            session.on('error', () => {});
            const status = await new Promise((done) => {
                const stream = session.request({ ':method': 'POST', ':path': '/v1/patients', 'x-user-token': all.general.token, 'content-type': 'application/json', 'content-length': length });
                stream.on('response', (h) => done(h[':status']));
                stream.on('error', () => done(0));
                stream.on('close', () => done(0));
                stream.setTimeout(3000, () => { stream.close(); done(0); });
                stream.end(body);
            });
            session.destroy();
            assert.ok(status === 0 || status >= 400, `length ${length} of ${body}: ${status}`);
        }
    });
});
