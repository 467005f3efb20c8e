// Credentials that are files (Kubernetes secrets, an agent of a vault): SIGHUP reads them again, and a file that is no good changes nothing.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { request, sleep, startGateway } from './harness.mjs';

/** Answers whatever it is asked; `asked` holds the Authorization headers. */
async function startServer(reply) {
    const asked = [];
    const server = http.createServer((incoming, outgoing) => {
        incoming.resume().on('end', () => {
            asked.push(incoming.headers.authorization);
            outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply(asked.length)));
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    server.unref();
    return { asked, url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}

const basic = (secret) => `Basic ${Buffer.from(`gateway:${secret}`).toString('base64')}`;

describe('credentials in files', () => {
    let dir, backend, endpoint, introspection, fixed, renewed;
    const callers = new Map();
    const put = (name, text, mode = 0o600) => { writeFileSync(join(dir, 'draft'), text, { mode }); renameSync(join(dir, 'draft'), join(dir, name)); };
    const until = async (fits, what) => { for (let n = 0; !fits(); n++) { assert.ok(n < 500, what()); await sleep(20); } };
    /** SIGHUP, and what the log says of `setting` then. */
    const hup = async (gateway, setting) => {
        const lines = () => gateway.output('stderr').split('\n').filter((line) => line.includes(`SIGHUP: ${setting}`)), already = lines().length;
        gateway.process.kill('SIGHUP');
        await until(() => lines().length > already, () => gateway.output('stderr'));
        return lines().at(-1);
    };
    const carried = async (gateway) => { await callers.get(gateway).get('/v1/patients?search=x'); return backend.asked.at(-1); };

    before(async () => {
        dir = mkdtempSync(join(tmpdir(), 'dragoman-credentials-'));
        put('token', 'first\n');
        put('secret', 'one\n');
        backend = await startServer(() => ({ patients: [], total: 0 }));
        endpoint = await startServer((n) => ({ access_token: `borrowed-${n}`, token_type: 'Bearer', expires_in: 12 })); // renewed after six seconds
        introspection = await startServer(() => ({ active: false }));
        fixed = await startGateway({ ready: '/healthz', seed: false, set: { 'backend.url': backend.url, 'backend.auth': 'token_file', 'backend.token_file': join(dir, 'token') } });
        renewed = await startGateway({ ready: '/healthz', seed: false, set: { 'backend.url': backend.url, 'backend.auth': 'client_credentials', 'backend.token_url': endpoint.url, 'backend.token_allow_http': 'true',
            'backend.client_id': 'gateway', 'backend.secret_file': join(dir, 'secret'), 'auth.introspection.url': introspection.url, 'auth.introspection.allow_http': 'true',
            'auth.introspection.client_id': 'gateway', 'auth.introspection.secret_file': join(dir, 'secret') } });
        for (const gateway of [fixed, renewed]) callers.set(gateway, gateway.client('general'));
    });
    after(async () => {
        for (const one of [fixed, renewed, backend, endpoint, introspection]) await one?.stop();
        rmSync(dir, { recursive: true });
    });

    test("backend.token_file: calls carry the new token, and go on with the old one where the new one is no good", async () => {
        assert.equal(await carried(fixed), 'Bearer first');
        put('token', 'second\n');
        assert.equal(await carried(fixed), 'Bearer first', 'not before it is told');
        assert.match(await hup(fixed, 'backend.token_file'), /"info".*SIGHUP: backend\.token_file is read again/);
        assert.equal(await carried(fixed), 'Bearer second');
        for (const [text, mode, why] of [['third\n', 0o644, /has mode 0644/], ['', 0o600, /expected one line/], ['two words\n', 0o600, /expected one line/]]) {
            put('token', text, mode);
            const line = await hup(fixed, 'backend.token_file');
            assert.match(line, /"warn"/);
            assert.match(line, why);
            assert.match(line, /the old credential stays/);
            assert.equal(await carried(fixed), 'Bearer second');
        }
        rmSync(join(dir, 'token'));
        assert.match(await hup(fixed, 'backend.token_file'), /No such file or directory; the old credential stays/);
        assert.equal(await carried(fixed), 'Bearer second');
        put('token', 'fourth\n');
        await hup(fixed, 'backend.token_file');
        assert.equal(await carried(fixed), 'Bearer fourth');
        assert.doesNotMatch(fixed.output('stderr'), /first|second|third|fourth/, 'what is in it is not told');
    });

    test('secret_file of the token endpoint and of introspection', async () => {
        let n = 0;
        const opaque = () => request(renewed.port, 'GET', '/v1/patients', { headers: { host: 'general.localhost', 'x-user-token': `opaque-token-${n++}-of-somebody` } });
        assert.equal((await opaque()).status, 401);
        assert.equal(introspection.asked.at(-1), basic('one'));
        await until(() => endpoint.asked.length > 0, () => 'it is asked for a token');
        assert.equal(endpoint.asked.at(-1), basic('one'));
        put('secret', 'two\n');
        assert.match(await hup(renewed, 'auth.introspection.secret_file'), /is read again/);
        await opaque();
        assert.equal(introspection.asked.at(-1), basic('two'));
        await until(() => endpoint.asked.at(-1) === basic('two'), () => 'the next token is had with the new secret');
        put('secret', '', 0o600);
        assert.match(await hup(renewed, 'auth.introspection.secret_file'), /expected one line with a client's secret; the old credential stays/);
        assert.match(renewed.output('stderr'), /SIGHUP: backend\.secret_file: .*; the old credential stays/);
        await opaque();
        assert.equal(introspection.asked.at(-1), basic('two'));
        assert.match(await carried(renewed), /^Bearer borrowed-\d+$/);
    });
});
