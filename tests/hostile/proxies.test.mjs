// nginx and HAProxy, each in front of the gateway and behind it, as Debian packages them. Requests that servers are known to read in
// different ways go through; a request that one side counts and the other does not is one that was smuggled.
//   in front:  attacker -> proxy -> [counter] -> gateway -> backend        behind:  attacker -> gateway -> proxy -> backend
// The counter is a tap on the bytes between: what the proxy sent, cut into requests by the strictest reading there is.
// HTTP/2: proxies_h2.test.mjs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, request, sleep, startGateway } from '../e2e/harness.mjs';
import { raw, startBackend, stopAll } from './kit.mjs';
import { cut, startProxy, startTap } from './proxy_kit.mjs';

const next = (token) => `GET /v1/patients?search=smuggled HTTP/1.1\r\nHost: general.localhost\r\nX-User-Token: ${token}\r\n\r\n`;
/** Framing that front and back are known to disagree on: CL.TE, TE.CL, TE.TE, TE.0, 0.CL, CL.0, and spellings of each. */
function payloads(token) {
    const start = `POST /v1/patients HTTP/1.1\r\nHost: general.localhost\r\nX-User-Token: ${token}\r\nContent-Type: application/json\r\n`, second = next(token);
    const list = { 'CL.TE': `${start}Content-Length: ${5 + second.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`, 'TE.CL': `${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${second.length.toString(16)}\r\n${second}\r\n0\r\n\r\n`,
        'TE.0': `OPTIONS /v1/patients HTTP/1.1\r\nHost: general.localhost\r\nTransfer-Encoding: chunked\r\n\r\n${second.length.toString(16)}\r\n${second}\r\n0\r\n\r\n`, '0.CL': `GET /v1/patients HTTP/1.1\r\nHost: general.localhost\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
        'CL.0': `${start}Content-Length: ${second.length}\r\n\r\n${second}`, 'CL.CL': `${start}Content-Length: 0\r\nContent-Length: ${second.length}\r\n\r\n${second}`, 'CL.CL the other way': `${start}Content-Length: ${second.length}\r\nContent-Length: 0\r\n\r\n${second}`,
        'CL list': `${start}Content-Length: ${second.length}, ${second.length}\r\n\r\n${second}`, 'Expect and CL': `${start}Expect: 100-continue\r\nContent-Length: ${second.length}\r\n\r\n${second}`, 'obfuscated Expect': `${start}Expect: y 100-continue\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
        'chunk extension': `${start}Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n{}\r\n0\r\n\r\n${second}`, 'chunk of 17 digits': `${start}Transfer-Encoding: chunked\r\n\r\n00000000000000002\r\n{}\r\n0\r\n\r\n${second}`, 'chunk of 2^64': `${start}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n${second}`,
        'chunk ends with LF': `${start}Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n${second}`, 'chunk ends with CR': `${start}Transfer-Encoding: chunked\r\n\r\n2\r{}\r0\r\r${second}`, 'trailers': `${start}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 99\r\n\r\n${second}`, 'chunked in 1.0': `${start.replace('1.1', '1.0')}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
        'LF heads': `POST /v1/patients HTTP/1.1\nHost: general.localhost\nContent-Length: 0\n\n${second}`, 'h2c': `GET /v1/patients HTTP/1.1\r\nHost: general.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n${second}`, 'stripped CL': `${start}Connection: content-length\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
        'absolute': `GET http://other.test/v1/patients HTTP/1.1\r\nHost: general.localhost\r\nContent-Length: 0\r\n\r\n${second}` };
    for (const coding of ['Transfer-Encoding : chunked', 'Transfer-Encoding:\tchunked', 'Transfer-Encoding: xchunked', 'Transfer-Encoding: chunked, identity', 'Transfer-Encoding: identity, chunked', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x', ' Transfer-Encoding: chunked', 'X: y\r\n Transfer-Encoding: chunked', 'X: y\nTransfer-Encoding: chunked',
        'Transfer-Encoding:\r\n chunked', 'Transfer-Encoding: \x0bchunked', 'Transfer-Encoding: chunked\x0c', 'Transfer_Encoding: chunked', 'transfer-encoding: CHUNKED', 'Transfer-Encoding: "chunked"', 'Transfer-Encoding: chunked;q=1', 'Transfer-\0Encoding: chunked', 'Transfer-Encoding: chunk\0ed', '\x00Transfer-Encoding: chunked', 'Transfer-Encoding\r: chunked', 'Transfer-Encoding: chunked\r'])
        list[`TE.TE ${JSON.stringify(coding)}`] = `${start}Content-Length: ${5 + second.length}\r\n${coding}\r\n\r\n0\r\n\r\n${second}`;
    for (const length of ['+5', '-5', '0x5', '5 ', ' 5', '5\t', '05', '5,5', '5.0', '', 'five', '\x0b5', '5\0', '99999999999999999999'])
        list[`CL ${JSON.stringify(length)}`] = `${start}Content-Length: ${length}\r\n\r\n${second}`;
    for (const name of ['Content-Length ', 'Content_Length', ' Content-Length', 'Content-Length\t', 'Content-Length\0'])
        list[`CL named ${JSON.stringify(name)}`] = `${start}${name}: ${second.length}\r\n\r\n${second}`;
    return list;
}

for (const name of ['nginx', 'haproxy'])
    describe(`${name} and the gateway`, () => {
        let backend, gateway, proxy, tap, behind, second;
        before(async () => {
            backend = await startBackend(() => ({ json: { patients: [], total: 0 } }));
            behind = await startProxy(name, backend.port);
            const set = { 'limits.head_ms': '2000', 'limits.body_ms': '2000', workers: '1' };
            gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': backend.url, ...set } });
            second = await startGateway({ ready: '/healthz', set: { 'backend.url': `http://127.0.0.1:${behind.port}`, ...set } });
            tap = await startTap(gateway.port);
            proxy = await startProxy(name, tap.port);
        });
        after(() => stopAll(gateway, second, proxy, behind, tap, backend));
        const through = () => tap.streams.flatMap((stream) => cut(Buffer.concat(stream))).filter((line) => line !== 'partial');
        const answered = async (g) => (await g.metric('dragoman_requests_total'));

        test('s42_requests_are_counted_alike_on_both_sides_of_a_proxy_in_front', async () => {
            const { token } = clients(gateway).general;
            let sent = 0, reached = 0;
            for (const [what, bytes] of Object.entries(payloads(token))) {
                const already = through().length, before_ = await answered(gateway), asked = backend.asked.length;
                // A second, innocent client comes through the same proxy, and must get its own answer.
                await raw(proxy.port, bytes, { wait: 150, end: true });
                const victim = await request(proxy.port, 'GET', '/v1/patients?search=victim', { headers: { host: 'general.localhost', 'x-user-token': token } });
                assert.equal(victim.status, 200, `${what}: the next client`);
                await sleep(10);
                const whole = through().slice(already);
                const counted = (await answered(gateway)) - before_;
                assert.ok(counted <= whole.length, `${what}: the proxy sent ${whole.length}, the gateway answered ${counted}`);
                assert.ok(backend.asked.length - asked <= whole.length, `${what}: the backend was asked more`);
                sent += whole.length;
                reached += counted;
            }
            assert.ok(sent > 30 && reached > 30, `${sent} requests came through, ${reached} were answered`);
        });

        test('s42_requests_are_counted_alike_on_both_sides_of_a_proxy_behind', async () => {
            const { token } = clients(second).general;
            for (const [what, bytes] of Object.entries(payloads(token))) {
                const before_ = backend.asked.length, calls = await second.metric('dragoman_upstream_requests_total'), retries = await second.metric('dragoman_upstream_retries_total');
                await raw(second.port, bytes, { wait: 150, end: true });
                const more = (await second.metric('dragoman_upstream_requests_total')) - calls, again = (await second.metric('dragoman_upstream_retries_total')) - retries;
                const reached = backend.asked.slice(before_);
                assert.ok(reached.length <= more + again, `${what}: the gateway made ${more} calls, the backend saw ${JSON.stringify(reached.map((a) => a.url))}`);
                for (const { url, headers } of reached) {
                    assert.match(url, /^\/v1\/patients(\?|$)/, what);
                    assert.match(headers.authorization ?? '', /^Bearer /, what);
                }
            }
            // Values that a client chose are in the calls: they cannot end a line of them.
            for (const search of ['a%0d%0aX-Evil:%201', 'a%20HTTP/1.1%0d%0a%0d%0aGET%20/smuggled', 'a%00b', '%ff']) {
                const before_ = backend.asked.length;
                await request(second.port, 'GET', `/v1/patients?search=${search}`, { headers: { host: 'general.localhost', 'x-user-token': token } });
                for (const { headers, url } of backend.asked.slice(before_)) assert.ok(!('x-evil' in headers) && url.startsWith('/v1/patients?'), url);
                assert.ok(backend.asked.length - before_ <= 1);
            }
        });
    });
