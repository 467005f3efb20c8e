// HTTP/2 through proxies: nginx and HAProxy speak it with clients, HAProxy with the gateway, too. What HTTP/2 carries in a field may
// be a line end, a length or a second request in HTTP/1; a client that resets its streams may cost others their connection.
//   attacker -> proxy -> [counter] -> gateway -> backend
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { clients, sleep, startGateway } from '../e2e/harness.mjs';
import { Frames, H2, block, frame, startBackend, stopAll } from './kit.mjs';
import { cut, cut_h2, startProxy, startTap } from './proxy_kit.mjs';

const second = 'GET /v1/patients?search=smuggled HTTP/1.1\r\nHost: general.localhost\r\n\r\n';

/** Fields and bodies of one request each: [fields, body pieces, trailers]. */
function payloads(token) {
    const own = ['x-user-token', token], json = ['content-type', 'application/json'];
    const head = (more = [], { method = 'GET', path = '/v1/patients', authority = 'general.localhost', scheme = 'http' } = {}) =>
        [[':method', method], [':scheme', scheme], [':path', path], [':authority', authority], own, ...more];
    const post = (more) => head([json, ...more], { method: 'POST' });
    const list = {
        'nothing wrong': [head()],
        'H2.CL 0': [post([['content-length', '0']]), [second]],
        'H2.CL too short': [post([['content-length', '2']]), [`{}${second}`]],
        'H2.CL too long': [post([['content-length', '9999']]), ['{}']],
        'H2.CL of a GET': [head([['content-length', `${second.length}`]])],
        'H2.CL twice': [post([['content-length', '0'], ['content-length', `${second.length}`]]), [second]],
        'H2.CL list': [post([['content-length', `${second.length}, ${second.length}`]]), [second]],
        'H2.CL +': [post([['content-length', `+${second.length}`]]), [second]],
        'H2.0, a body without a length': [post([]), [second]],
        'H2.0 of a GET': [head(), [second]],
        'trailers with a length': [post([['trailer', 'content-length']]), ['{}'], [['content-length', '99']]],
        'trailers that are a request': [post([]), ['{}'], [['x', `y\r\n\r\n${second}`]]],
        'trailers with pseudo-headers': [post([]), ['{}'], [[':path', '/v1/patients?search=smuggled']]],
    };
    for (const coding of ['chunked', 'CHUNKED', 'identity', ' chunked', 'x'])
        list[`H2.TE ${JSON.stringify(coding)}`] = [post([['transfer-encoding', coding]]), [`0\r\n\r\n${second}`]];
    for (const end of ['\r\n', '\n', '\r', '\0', '\r\n ', '\r\n\r\n']) {
        const named = JSON.stringify(end);
        list[`a value with ${named}`] = [head([['x-a', `b${end}transfer-encoding: chunked`]])];
        list[`a value that is a request after ${named}`] = [head([['x-a', `b${end}${end}${second}`]])];
        list[`a name with ${named}`] = [head([[`x-a: b${end}x-c`, 'd']])];
        list[`a path with ${named}`] = [head([], { path: `/v1/patients HTTP/1.1${end}x: y${end}${end}${second}` })];
        list[`a method with ${named}`] = [head([], { method: `GET /v1/patients?search=smuggled HTTP/1.1${end}x: ` })];
        list[`an authority with ${named}`] = [head([], { authority: `general.localhost${end}${end}${second}` })];
        list[`a scheme with ${named}`] = [head([], { scheme: `http${end}${end}${second}` })];
    }
    for (const name of ['x a', 'x:a', ' x', 'x ', 'x\t', 'X-Upper', '', 'transfer-encoding ', 'content-length:', 'x(a)', ':evil'])
        list[`a name ${JSON.stringify(name)}`] = [head([[name, 'chunked']])];
    for (const [name, value] of [['connection', 'close'], ['connection', 'x-user-token'], ['keep-alive', 'x'], ['proxy-connection', 'x'], ['upgrade', 'h2c'], ['te', 'chunked'], ['te', 'trailers, chunked'], ['host', 'evil.test'], ['host', 'general.localhost\r\nx: y']])
        list[`${name}: ${JSON.stringify(value)}`] = [head([[name, value]])];
    for (const path of ['', '*', 'v1/patients', '/v1/patients?search=a b', '/v1/patients HTTP/1.1', 'http://evil.test/v1/patients?search=smuggled', '//evil.test/', '/v1/../v1/patients', '/v1/patients#x'])
        list[`a path ${JSON.stringify(path)}`] = [head([], { path })];
    for (const authority of ['', 'evil.test', 'general.localhost:x', 'a@general.localhost', 'general.localhost/v1'])
        list[`an authority ${JSON.stringify(authority)}`] = [head([], { authority })];
    for (const method of ['', 'get', 'GET ', 'CONNECT', 'PRI', 'OPTIONS', 'TRACE'])
        list[`a method ${JSON.stringify(method)}`] = [head([], { method })];
    for (const twice of [':path', ':method', ':authority', ':scheme'])
        list[`${twice} twice`] = [[[twice, twice === ':path' ? '/v1/patients?search=smuggled' : 'x'], ...head()]];
    list['pseudo-headers after others'] = [[own, ...head()]];
    list['no path'] = [head().filter(([name]) => name !== ':path')];
    list['no method'] = [head().filter(([name]) => name !== ':method')];
    return list;
}

const setups = [['nginx', false], ['haproxy', false], ['haproxy', true]];
for (const [name, onward] of setups)
    describe(`HTTP/2 to ${name}, HTTP/${onward ? '2' : '1.1'} to the gateway`, () => {
        let backend, gateway, tap, proxy, token;
        before(async () => {
            backend = await startBackend(async ({ url }) => {
                if (url.includes('search=reset')) await sleep(1000); // long enough to be abandoned
                return { json: { patients: [], total: 0 } };
            });
            gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': backend.url, 'limits.head_ms': '2000', 'limits.body_ms': '2000', 'limits.resets_per_second': '50', workers: '1' } });
            tap = await startTap(gateway.port);
            proxy = await startProxy(name, tap.port, { h2: true, onward });
            token = clients(gateway).general.token;
        });
        after(() => stopAll(gateway, proxy, tap, backend));
        const counted = () => gateway.metric('dragoman_requests_total');
        const through = () => tap.streams.flatMap((stream) => (onward ? cut_h2 : cut)(Buffer.concat(stream), Buffer.concat(stream.back))).filter((line) => line !== 'partial');
        /** HTTP/1: what comes back on each connection. As many answers as requests, unless the proxy left before. */
        function answers_fit(what) {
            for (const stream of onward ? [] : tap.streams) {
                const asked = cut(Buffer.concat(stream)), answers = Buffer.concat(stream.back).toString('latin1').match(/HTTP\/1\.1 [2-5]\d\d /g)?.length ?? 0;
                const whole = asked.filter((line) => line !== 'partial' && !line.startsWith('unfinished')).length;
                assert.ok(answers <= asked.length && (stream.left || answers >= whole), `${what}: ${answers} answers to ${JSON.stringify(asked)}`);
            }
        }

        /** A client that does everything right, on a connection of its own; its status, or what went wrong. */
        function innocent(session, search = 'victim') {
            return new Promise((done) => {
                const stream = session.request({ ':path': `/v1/patients?search=${search}`, ':authority': 'general.localhost', 'x-user-token': token });
                stream.on('response', (head) => { stream.resume(); stream.on('end', () => done(head[':status'])); });
                stream.on('error', (error) => done(error.message));
                stream.setTimeout(10000, () => done('no answer'));
                stream.end();
            });
        }
        const connected = () => { const session = http2.connect(`http://127.0.0.1:${proxy.port}`); session.on('error', () => {}); return session; };

        /** One request in frames, as it is; waits until it is answered, reset or the connection is refused. */
        async function send([fields, body = [], trailers]) {
            const session = new Frames(proxy.port);
            session.write(frame(H2.HEADERS, body.length || trailers ? 4 : 5, 1, block(fields)));
            body.forEach((piece, i) => session.write(frame(H2.DATA, i + 1 < body.length || trailers ? 0 : 1, 1, Buffer.from(piece, 'latin1'))));
            if (trailers) session.write(frame(H2.HEADERS, 5, 1, block(trailers)));
            const over = () => session.closed || session.frames.some((f) => f.type === H2.GOAWAY || (f.stream === 1 && (f.type === H2.RST || (f.flags & 1))));
            for (let waited = 0; waited < 5000 && !over(); waited += 5) await sleep(5);
            session.destroy();
            return over();
        }

        test(`s42_http2_through_a_proxy_is_counted_alike_on_both_sides: ${name}${onward ? ', onward' : ''}`, async () => {
            const victims = connected();
            let sent = 0;
            for (const [what, payload] of Object.entries(payloads(token))) {
                const already = through().length, before_ = await counted(), asked = backend.asked.length;
                assert.ok(await send(payload), `${what}: neither answered nor refused`);
                assert.equal(await innocent(victims), 200, `${what}: the next client`);
                const whole = through().slice(already), got = (await counted()) - before_;
                assert.ok(!whole.some((line) => /unreadable|smuggled HTTP/.test(line)), `${what}: the proxy sent ${whole}`);
                answers_fit(what);
                // A stream that is reset at once may have been no request yet.
                const kept = onward ? whole.filter((line) => !/^reset/.test(line)).length : 0;
                assert.ok(got <= whole.length && got >= kept, `${what}: the proxy sent ${JSON.stringify(whole)}, the gateway counted ${got}`);
                assert.ok(whole.length <= 2, `${what}: one request and the next client's, not ${whole.length}`);
                for (const { url, headers } of backend.asked.slice(asked)) assert.ok(!/search=smuggled/.test(url) && !('x' in headers), `${what}: ${url}`);
                assert.ok(backend.asked.length - asked <= whole.length, `${what}: the backend was asked more`);
                sent += whole.length;
            }
            victims.close();
            assert.ok(sent > Object.keys(payloads(token)).length, `${sent} requests came through`);
        });

        const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
        const fields = () => block([[':method', 'GET'], [':scheme', 'http'], [':path', '/v1/patients?search=reset'], [':authority', 'general.localhost'], ['x-user-token', token]]);
        /** What makes a stream end early: the client resets it, or has the other side reset it. */
        const provoke = { 'a rapid reset': (id) => frame(H2.RST, 0, id, u32(8)), 'made to reset': (id) => frame(H2.WINDOW, 0, id, u32(0x7fffffff)) };
        for (const [attack, reset] of Object.entries(provoke))
            test(`s46_resets_through_a_proxy: ${name}${onward ? ', onward' : ''}: ${attack}`, async (t) => {
                let over = false, streams = 0;
                const statuses = {}, asked = backend.asked.length, cut_before = await gateway.metric('dragoman_resets_cut_total');
                const ask = async () => {
                    for (let session = connected(); !over; session = session.closed || session.destroyed ? connected() : session) {
                        const status = await innocent(session);
                        statuses[status] = (statuses[status] ?? 0) + 1;
                        if (over) session.close();
                    }
                };
                const asking = [ask(), ask()];
                while (!statuses[200]) await sleep(5);
                for (let connection = 0; connection < 6; connection++) {
                    const session = new Frames(proxy.port);
                    for (let n = 0; n < 400 && !session.closed && !session.of(H2.GOAWAY).length; n += 20, streams += 20) {
                        const ids = Array.from({ length: 20 }, (_, i) => 2 * (n + i) + 1), before_ = backend.asked.length;
                        session.write(...ids.map((id) => frame(H2.HEADERS, 5, id, fields())));
                        if (connection) for (let waited = 0; waited < 40 && backend.asked.length < before_ + 20; waited++) await sleep(1); // they have come far
                        session.write(...ids.map(reset));
                    }
                    await sleep(20);
                    session.destroy();
                }
                const before_ = statuses[200];
                for (let n = 0; n < 1000 && statuses[200] < before_ + 5; n++) await sleep(10);
                over = true;
                await Promise.all(asking);
                const cut_off = await gateway.metric('dragoman_resets_cut_total') - cut_before, { 200: good, ...others } = statuses;
                t.diagnostic(`${streams} streams, ${backend.asked.length - asked} calls to the backend, of others ${JSON.stringify(statuses)}, ${cut_off} connections cut`);
                assert.ok(await gateway.metric('dragoman_upstream_connections') <= 64, 'calls to the backend stay bounded');
                assert.ok(good >= before_ + 5, 'others are served after it, too');
                // With HTTP/1.1 to the gateway a reset is a connection of its own that ends. With HTTP/2 the proxy puts its clients on one:
                // what is cut takes along what others have in flight, refused and not answered wrongly, and others are served by the next one.
                const lost = Object.values(others).reduce((sum, n) => sum + n, 0);
                assert.ok(Object.keys(others).every((status) => /^50[23]$|^Stream closed with error code/.test(status)), JSON.stringify(others));
                assert.ok(onward ? cut_off > 0 && lost <= 4 * cut_off : cut_off === 0 && lost === 0, `${lost} lost, ${cut_off} cut`);
            });
    });
