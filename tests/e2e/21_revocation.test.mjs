// The gateway as an authorization server: revocation (RFC 7009), metadata (RFC 8414), and its keys over a rotation.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, request, sleep, startGateway } from './harness.mjs';
import { checkShape } from './shapes.mjs';

describe('the gateway\'s own tokens', () => {
    let gateway, clients;
    const formType = 'application/x-www-form-urlencoded';
    before(async () => {
        gateway = await startGateway({ set: { 'auth.issuer': 'https://gateway.test/base/' } });
        clients = ['one', 'two'].map((name) => JSON.parse(gateway.cli('client', 'add', '--name', name, '--brand', 'acme')));
        for (const client of clients) gateway.secrets.add(client.client_secret);
        await sleep(1100); // a record added by another process is seen within one second
    });
    after(() => gateway.stop());

    async function send(path, values, status) {
        const body = new URLSearchParams(values).toString();
        const got = await request(gateway.port, 'POST', path, { headers: { 'content-type': formType, 'content-length': Buffer.byteLength(body) }, body, agent: gateway.agent });
        assert.equal(got.status, status, `${path} ${got.text}`);
        if (status >= 400) checkShape('oauth', got);
        for (const [, value] of got.text.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)) gateway.secrets.add(value);
        return got.json;
    }
    const own = ({ client_id, client_secret }) => ({ client_id, client_secret });
    const grant = (client) => send('/oauth/token', { grant_type: 'client_credentials', ...own(client) }, 200);
    const refresh = (client, refresh_token, status) => send('/oauth/token', { grant_type: 'refresh_token', refresh_token, ...own(client) }, status);
    const revoke = (client, token, status = 200) => send('/oauth/revoke', { token, token_type_hint: 'refresh_token', ...own(client) }, status);
    const status = async (token) => (await gateway.client('twine', { token }).get(`/pub/organization/${ACME}`, ANY)).status;

    test('a revoked access token is refused by every worker at once', async () => {
        const { access_token, refresh_token } = await grant(clients[0]), { access_token: other } = await grant(clients[0]);
        const all = (token) => Promise.all(Array.from({ length: 20 }, () => status(token)));
        assert.deepEqual(new Set(await all(access_token)), new Set([200]));
        await revoke(clients[0], access_token);
        assert.deepEqual(new Set(await all(access_token)), new Set([401]));
        assert.deepEqual(new Set(await all(other)), new Set([200]));
        await refresh(clients[0], refresh_token, 200);
    });

    test('a revoked refresh token takes its family and its access token along', async () => {
        const first = await grant(clients[0]), second = await refresh(clients[0], first.refresh_token, 200);
        await revoke(clients[0], second.refresh_token);
        assert.equal((await refresh(clients[0], second.refresh_token, 400)).error, 'invalid_grant');
        assert.equal(await status(second.access_token), 401);
    });

    test('what cannot be revoked', async () => {
        const { access_token, refresh_token } = await grant(clients[0]);
        for (const token of [access_token, refresh_token])
            assert.equal((await revoke(clients[1], token, 400)).error, 'invalid_grant', 'another client\'s');
        assert.equal((await revoke({ ...clients[0], client_secret: 'x' }, refresh_token, 401)).error, 'invalid_client');
        assert.equal((await revoke({ client_id: 'nobody', client_secret: 'x' }, refresh_token, 401)).error, 'invalid_client');
        assert.equal((await send('/oauth/revoke', own(clients[0]), 400)).error, 'invalid_request', 'no token');
        assert.equal((await send('/oauth/revoke', { token: refresh_token }, 400)).error, 'invalid_request', 'no client');
        for (const token of ['unknown', 'a.b.c', `${access_token}x`]) await revoke(clients[0], token);
        assert.equal((await request(gateway.port, 'GET', '/oauth/revoke?token=x')).status, 405);
        assert.equal(await status(access_token), 200);
        await refresh(clients[0], refresh_token, 200);
    });

    test('a client may authenticate in the header, in that way only', async () => {
        const [one] = clients;
        const post = async (path, values, credential, status) => {
            const body = new URLSearchParams(values).toString();
            const got = await request(gateway.port, 'POST', path, { body, headers: { 'content-type': formType, 'content-length': Buffer.byteLength(body), authorization: credential } });
            assert.equal(got.status, status, `${path} ${got.text}`);
            if (status === 400) checkShape('oauth', got);
            for (const [, value] of got.text.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)) gateway.secrets.add(value);
            return got;
        };
        const basic = (id, secret) => `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
        const right = basic(one.client_id, one.client_secret), grantType = { grant_type: 'client_credentials' };
        const { json } = await post('/oauth/token', grantType, right, 200);
        assert.equal(await status(json.access_token), 200);
        await post('/oauth/revoke', { token: json.access_token }, right, 200);
        assert.equal(await status(json.access_token), 401);
        await post('/oauth/token', { ...grantType, client_id: one.client_id }, right, 200);
        const wrong = await post('/oauth/token', grantType, basic(one.client_id, 'x'), 401);
        assert.equal(wrong.json.error, 'invalid_client');
        assert.match(wrong.headers['www-authenticate'], /^Basic /, 'RFC 6749 section 5.2');
        assert.equal((await post('/oauth/token', grantType, 'Basic !', 401)).json.error, 'invalid_client');
        assert.equal((await post('/oauth/token', { ...grantType, ...own(one) }, right, 400)).json.error, 'invalid_request');
        assert.equal((await post('/oauth/token', { ...grantType, client_id: clients[1].client_id }, right, 400)).json.error, 'invalid_request');
        assert.equal((await post('/oauth/token', grantType, 'Bearer x', 400)).json.error, 'invalid_request', 'no client');
    });

    test('a token tells its holder, and nobody else, its organization and groups', async () => {
        const twine = gateway.client('twine');
        const group = (name) => twine.post('/pub/group', { data: { type: 'group', attributes: { name }, relationships: { organization: { data: { type: 'organization', id: ACME } } } } }, ANY);
        const [mine, other] = [(await group('Of the token')).json.data.id, (await group('Of others')).json.data.id];
        const bound = JSON.parse(gateway.cli('client', 'add', '--name', 'bound', '--brand', 'acme', '--group', mine));
        gateway.secrets.add(bound.client_secret);
        await sleep(1100);
        const take = async (client) => {
            const body = new URLSearchParams({ grant_type: 'client_credentials', ...own(client) }).toString();
            const got = await request(gateway.port, 'POST', '/pub/oauth/token', { headers: { 'content-type': formType, 'content-length': Buffer.byteLength(body) }, body });
            assert.equal(got.status, 201, got.text);
            gateway.secrets.add(got.json.access_token);
            return got.json;
        };
        const one = await take(bound), second = await take(bound), free = await take(clients[0]);
        const path = (token, part) => token.data.relationships[part]?.links.related ?? `/pub/oauth/token/${token.data.id}/${part}`;
        const holder = (token) => gateway.client('twine', { token: token.access_token });

        assert.equal(path(one, 'groups'), `/pub/oauth/token/${one.data.id}/groups`);
        const { json } = await holder(one).get(path(one, 'groups'));
        assert.deepEqual(json.data.map((one) => one.id), [mine], 'not the other group');
        assert.equal(json.meta.count, 1);
        assert.equal(json.links.self, path(one, 'groups'));
        assert.ok(other && other !== mine);
        assert.deepEqual((await holder(free).get(path(free, 'groups'))).json.data, [], 'bound to no group');
        assert.equal((await holder(one).get(path(one, 'organization'))).json.data.id, ACME);
        for (const part of ['groups', 'organization']) {
            await holder(second).get(path(one, part), 404); // of the same client, but another token
            await holder(free).get(path(one, part), 404);
            await twine.get(path(one, part), 404); // a token without an id
            await holder(one).get(`/pub/oauth/token/000000000000000000000000/${part}`, 404);
            await gateway.client('twine', { scope: 'read:patients' }).get(path(one, part), 403);
            await request(gateway.port, 'GET', path(one, part)).then((got) => assert.equal(got.status, 401));
        }
    });

    test('metadata', async () => {
        const { json, status, headers } = await request(gateway.port, 'GET', '/.well-known/oauth-authorization-server');
        assert.equal(status, 200);
        assert.match(headers['content-type'], /^application\/json/);
        assert.equal(json.issuer, 'https://gateway.test/base/');
        assert.equal(json.token_endpoint, 'https://gateway.test/base/oauth/token');
        assert.equal(json.revocation_endpoint, 'https://gateway.test/base/oauth/revoke');
        assert.equal(json.jwks_uri, 'https://gateway.test/base/.well-known/jwks.json');
        assert.deepEqual(json.grant_types_supported, ['client_credentials', 'refresh_token']);
        assert.deepEqual(json.response_types_supported, []);
        const plain = await startGateway({ seed: false });
        const none = await request(plain.port, 'GET', '/.well-known/oauth-authorization-server');
        assert.equal(none.status, 404, 'without an address as issuer there is none');
        await plain.stop();
    });

    test('a revoked token stays so, and an earlier key counts, over a restart', async () => {
        const keys = async () => (await request(gateway.port, 'GET', '/.well-known/jwks.json')).json.keys.map((key) => key.kid);
        const { access_token: gone } = await grant(clients[0]), { access_token: kept } = await grant(clients[0]);
        const [old] = await keys();
        await revoke(clients[0], gone);
        await gateway.kill9();
        renameSync(join(gateway.stateDir, 'signing-key.pem'), join(gateway.stateDir, 'old.pem'));
        gateway.options.set['auth.retired_keys'] = `[${join(gateway.stateDir, 'old.pem')}]`;
        await gateway.launch();
        assert.equal(await status(gone), 401);
        assert.equal(await status(kept), 200);
        const both = await keys();
        assert.ok(both.length === 2 && both[1] === old && both[0] !== old, 'the new key and the old one');
        assert.equal(await status((await grant(clients[0])).access_token), 200);
        await gateway.kill9();
        delete gateway.options.set['auth.retired_keys'];
        await gateway.launch();
        assert.deepEqual(await keys(), [both[0]]);
        assert.equal(await status(kept), 401, 'the old key was taken out');
    });
});
