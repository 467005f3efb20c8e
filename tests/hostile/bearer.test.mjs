// How a credential is carried and what it allows. Every operation with every token: matrix.test.mjs.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, clients, request, sleep, startGateway } from '../e2e/harness.mjs';
import { Key } from './authority.mjs';
import { raw, startBackend } from './kit.mjs';

describe('the credential of a request', () => {
    let gateway, all, folder, key;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), 'dragoman-bearer-'));
        key = new Key('ES256');
        writeFileSync(join(folder, 'key.pem'), key.publicKey.export({ type: 'spki', format: 'pem' }));
        gateway = await startGateway({ set: { 'auth.failures_per_minute': '0', 'auth.issuers': `[{issuer: 'https://issuer.test/', keys: [{file: ${join(folder, 'key.pem')}, algorithm: ES256}]}]` } });
        all = clients(gateway);
    });
    after(async () => {
        await gateway.stop();
        rmSync(folder, { recursive: true });
    });
    const graph = (headers, path = '/v1/patients?brand_id=acme') => request(gateway.port, 'GET', path, { headers: { host: 'patient-graph.localhost', ...headers } });
    const token = (claims) => { const t = key.token(claims); gateway.secrets.add(t); return t; };

    test('s22_challenges', async () => {
        const missing = await graph({});
        assert.equal(missing.status, 401);
        assert.match(missing.headers['www-authenticate'], /^Bearer realm="[^"]+"$/);
        for (const value of ['Bearer', 'Bearer ', 'Basic eDp5', 'Bearer x', 'Bearer a b', `bearer${all.graph.token}`, `Token ${all.graph.token}`, `Bearer ${all.graph.token},${all.graph.token}`]) {
            const { status, headers } = await graph({ authorization: value });
            assert.ok([400, 401].includes(status), `${value.slice(0, 20)}: ${status}`);
            if (/^Bearer \S+$/.test(value) && status === 401) assert.match(headers['www-authenticate'], /error="invalid_token"/);
            assert.ok(!JSON.stringify(headers).includes(all.graph.token));
        }
        const poor = await graph({ authorization: `Bearer ${gateway.token('patient-graph', { scope: 'read:metrics' })}` });
        assert.equal(poor.status, 403);
        assert.match(poor.headers['www-authenticate'], /error="insufficient_scope".*scope="read:patients"/);
        assert.equal((await graph({ authorization: `bEaReR ${all.graph.token}` })).status, 200, 'the scheme\'s name is no matter of case');
    });

    test('s23_no_token_in_query_or_body', async () => {
        for (const name of ['access_token', 'token', 'bearer', 'authorization', 'x-user-token', 'X-User-Token'])
            for (const [host, path] of [['general', '/v1/patients?'], ['patient-graph', '/v1/patients?brand_id=acme&'], ['twine', `/pub/patient?filter[organization]=${ACME}&`]]) {
                const { status } = await request(gateway.port, 'GET', `${path}${name}=${all.graph.token}`, { headers: { host: `${host}.localhost` } });
                assert.ok([400, 401].includes(status), `${host} ${name}: ${status}`);
            }
        for (const type of ['application/x-www-form-urlencoded', 'application/json']) {
            const { status } = await request(gateway.port, 'POST', '/v1/patients', { headers: { host: 'patient-graph.localhost', 'content-type': type }, body: type.includes('json') ? JSON.stringify({ access_token: all.graph.token }) : `access_token=${all.graph.token}` });
            assert.ok([400, 401, 415].includes(status), `${type}: ${status}`);
        }
        assert.equal((await graph({ cookie: `authorization=Bearer ${all.graph.token}; access_token=${all.graph.token}` })).status, 401);
    });

    test('s24_two_credentials', async () => {
        const own = `Authorization: Bearer ${all.graph.token}\r\n`, general = `X-User-Token: ${all.general.token}\r\n`;
        for (const two of [own + own, own + 'Authorization: Bearer x\r\n', own + general, general + general, general + 'x-user-token: x\r\n', own + 'X-User-Token:\r\n'])
            for (const host of ['general', 'patient-graph', 'twine']) {
                const { answers } = await raw(gateway.port, `GET ${host === 'twine' ? `/pub/organization/${ACME}` : '/v1/patients?brand_id=acme'} HTTP/1.1\r\nHost: ${host}.localhost\r\nConnection: close\r\n${two}\r\n`);
                assert.deepEqual(answers, ['HTTP/1.1 400'], `${host} ${two.slice(0, 30)}`);
            }
    });

    test('s25_shapes_of_scopes', async () => {
        const ask = async (claims) => (await graph({ authorization: `Bearer ${token({ scope: undefined, ...claims })}` })).status;
        for (const claims of [{ scope: 'read:patients x' }, { scp: ['x', 'read:patients'] }, { scp: 'x read:patients' }, { scopes: ['read:patients'] }])
            assert.equal(await ask(claims), 200, JSON.stringify(claims));
        for (const claims of [{}, { scope: '' }, { scope: 7 }, { scope: null }, { scope: { 'read:patients': true } }, { scope: [['read:patients']] }, { scp: [['read:patients']] }, { scp: [7, null] }, { scopes: { a: 'read:patients' } }, { scope: 'superadmin:patients' }, { scope: 'read:patientsx' }, { scope: 'xread:patients' },
            { scope: 'read:patients,x' }, { scope: 'read:patients\u00a0x' }, { scope: 'read:' }, { scope: 'read' }])
            assert.equal(await ask(claims), 403, JSON.stringify(claims));
        const first = await ask({ scope: 'x', scp: ['read:patients'] });
        for (let i = 0; i < 3; i++) assert.equal(await ask({ scope: 'x', scp: ['read:patients'] }), first, 'one of them counts, always the same');
    });

    test('s26_scopes_are_exact', async () => {
        for (const scope of ['READ:patients', 'Read:Patients', 'write:patients', 'read:patient', 'read:*', '*', 'admin', 'superadmin', 'admin:metrics', 'manage:*'])
            assert.equal((await graph({ authorization: `Bearer ${token({ scope })}` })).status, 403, scope);
    });

    test('s28_opaque_tokens_are_stored_hashed_and_never_logged', async () => {
        const { token: opaque } = JSON.parse(gateway.cli('token', 'add', '--brand', 'acme', '--subject', 'legacy', '--scope', 'read:patients'));
        gateway.secrets.add(opaque); // stop() searches all outputs for it
        await gateway.client('general', { token: opaque }).get('/v1/patients');
        for (const name of readdirSync(gateway.stateDir)) assert.ok(!readFileSync(join(gateway.stateDir, name)).includes(opaque), name);
        assert.equal((await request(gateway.port, 'GET', '/v1/patients', { headers: { 'x-user-token': opaque.toUpperCase() } })).status, 401);
    });
});

describe('what the backend is shown', () => {
    test('s29_the_client_s_credential_is_never_forwarded', async () => {
        const backend = await startBackend(() => ({ json: { patients: [], total: 0 } }));
        const gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': backend.url } });
        const all = clients(gateway);
        await all.general.get('/v1/patients');
        await all.graph.get('/v1/patients?brand_id=acme');
        await all.twine.get(`/pub/patient?filter[organization]=${ACME}`);
        assert.equal(backend.asked.length, 3);
        for (const { headers, url, body } of backend.asked) {
            for (const secret of [all.general.token, all.graph.token, all.twine.token]) assert.ok(!JSON.stringify([headers, url, body]).includes(secret));
            assert.match(headers.authorization, /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
        }
        await gateway.stop();
        await backend.stop();
    });
});

describe('client_credentials', () => {
    const secret = 'Qs:ecret/%';
    const paths = { general: '/v1/patients', 'patient-graph': '/v1/patients?brand_id=acme' };
    let folder, backend, endpoint, gateway, clientOf, answer, asked;

    const list = (dialect, status) => clientOf[dialect].get(paths[dialect], status);
    const until = async (fits) => {
        for (const end = Date.now() + 60000; Date.now() < end; await sleep(50)) if (await fits()) return;
    };

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), 'dragoman-borrow-'));
        writeFileSync(join(folder, 'secret'), `${secret}\n`, { mode: 0o600 });
        asked = [];
        answer = () => ({ status: 500, text: 'Qoops' });
        backend = await startBackend(() => ({ json: { patients: [], total: 0 } }));
        endpoint = await startBackend((incoming, body) => {
            asked.push([incoming.headers, body]);
            return answer(asked.length);
        });
        gateway = await startGateway({
            seed: false,
            ready: '/healthz',
            set: {
                'backend.url': backend.url, 'backend.auth': 'client_credentials', 'backend.token_url': `${endpoint.url}/token`,
                'backend.token_allow_http': 'true', 'backend.client_id': 'gateway one', 'backend.secret_file': join(folder, 'secret'),
                'backend.scope': 'a b', 'auth.jwks_interval_s': '1',
            },
        });
        gateway.secrets.add(secret).add('Qoops').add('Qtoken');
        clientOf = Object.fromEntries(Object.keys(paths).map((dialect) => [dialect, gateway.client(dialect)]));
    });
    after(async () => {
        await gateway.stop();
        await Promise.all([backend.stop(), endpoint.stop()]);
        rmSync(folder, { recursive: true });
    });

    test('s29_without_a_token_of_the_token_endpoint_nothing_reaches_the_backend', async () => {
        const bad = [
            { status: 500, text: 'Qoops' },
            { status: 302, headers: { location: backend.url } },
            { text: '<html>' },
            { json: {} },
            { json: { access_token: 'Qtoken', token_type: 'mac' } },
            { json: { access_token: 'Qtoken\r\nX: y', token_type: 'Bearer' } },
            { json: { access_token: '', token_type: 'Bearer' } },
            { json: { access_token: 'Qtoken', token_type: 'Bearer', expires_in: -1 } },
        ];
        for (const one of bad) {
            const count = asked.length;
            answer = () => one;
            await until(() => asked.length > count + 1); // it was asked for, answered so, and asked for again
            for (const dialect of Object.keys(paths))
                assert.ok((await list(dialect, 503)).headers['retry-after'], JSON.stringify(one));
        }
        assert.equal(backend.asked.length, 0);
        for (const [headers, body] of asked) { // RFC 6749 sections 2.3.1 and 4.4.2
            assert.equal(headers.authorization, `Basic ${Buffer.from('gateway%20one:Qs%3Aecret%2F%25').toString('base64')}`);
            assert.equal(body, 'grant_type=client_credentials&scope=a%20b');
        }
    });

    test('s29_a_token_of_the_token_endpoint_is_used_and_renewed', async () => {
        answer = (n) => ({ json: { access_token: `Qtoken-${n}`, token_type: 'bearer', expires_in: 12 } });
        await until(async () => (await list('general', ANY)).status === 200);
        const first = backend.asked.at(-1).headers.authorization;
        assert.match(first, /^Bearer Qtoken-\d+$/);
        const count = asked.length;
        await Promise.all(Array.from({ length: 30 }, () => list('general', 200)));
        assert.ok(asked.length <= count + 1, 'not one for each request');
        await until(async () => {
            await list('general', 200); // no request fails meanwhile
            return backend.asked.at(-1).headers.authorization !== first;
        });
        assert.notEqual(backend.asked.at(-1).headers.authorization, first);
        // A renewal that fails leaves the last one in use until its end.
        answer = () => ({ status: 500 });
        await until(async () => (await list('general', ANY)).status === 503);
        await list('patient-graph', 503);
    });
});
