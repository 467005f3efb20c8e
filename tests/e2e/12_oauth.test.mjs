// Tokens: Twine's endpoint in its documented forms, the gateway's own, opaque tokens, refresh and revocation.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, request, sleep, startGateway } from './harness.mjs';
import { backendCall } from './backend_kit.mjs';
import { checkJsonApi, checkShape } from './shapes.mjs';

describe('tokens', () => {
    let gateway, client;
    before(async () => {
        gateway = await startGateway();
        client = JSON.parse(gateway.cli('client', 'add', '--name', 'tests', '--brand', 'acme'));
        gateway.secrets.add(client.client_secret);
        await sleep(1100); // a record added by another process is seen within one second
    });
    after(() => gateway.stop());

    async function ask(path, type, body, status, dialect = 'twine') {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const got = await request(gateway.port, 'POST', path, { headers: { 'content-type': type, 'content-length': Buffer.byteLength(text) }, body: text, agent: gateway.agent });
        assert.equal(got.status, status, `${path} ${type} ${text.replaceAll(client.client_secret, '***')}: ${got.text}`);
        if (status >= 400) checkShape(dialect, got);
        else {
            assert.match(got.headers['cache-control'] ?? '', /no-store/, 'RFC 6749 section 5.1');
            for (const [, value] of got.text.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)) gateway.secrets.add(value);
        }
        return got.json;
    }
    const grant = (more = {}) => ({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret, ...more });
    const form = (values) => new URLSearchParams(values).toString();
    const works = async (token) => (await gateway.client('twine', { token }).get(`/pub/organization/${ACME}`, ANY)).status === 200;
    const formType = 'application/x-www-form-urlencoded';
    const nested = (attributes, type = 'oauth/token') => ({ data: { type, attributes } });

    test('the JSON:API form', async () => {
        for (const type of ['oauth/token', 'token', undefined]) {
            const json = await ask('/pub/oauth/token', 'application/vnd.api+json', nested(grant(), type), 201);
            assert.equal(json.data.type, 'oauth/token');
            const { access_token, refresh_token, token_type, expires_in } = json.data.attributes;
            assert.equal(token_type, 'bearer');
            assert.ok(Number.isInteger(expires_in) && expires_in > 0);
            assert.ok(refresh_token);
            assert.equal('client_secret' in json.data.attributes, false);
            assert.equal(json.data.relationships.organization.data.id, ACME);
            assert.ok(await works(access_token));
        }
    });

    test('DataFire sends the nested body as application/json', async () => {
        const json = await ask('/pub/oauth/token', 'application/json', nested(grant()), 201);
        assert.ok(await works(json.data.attributes.access_token));
    });

    test('the flat form, as JSON and as a form, with RFC 6749 members at the top', async () => {
        for (const [type, body] of [['application/json', grant()], [formType, form(grant())], ['application/vnd.api+json', grant()]]) {
            const json = await ask('/pub/oauth/token', type, body, 201);
            assert.equal(json.token_type, 'bearer');
            assert.equal(json.access_token, json.data.attributes.access_token);
            assert.ok(await works(json.access_token));
        }
    });

    describe('what is included with a token', () => {
        const path = (include) => `/pub/oauth/token?include=${include}`, type = 'application/vnd.api+json';
        const shown = (json) => json.included.map((one) => [one.type, one.id, one.attributes.name]);
        let bound, groups;
        before(async () => {
            const twine = gateway.client('twine', {});
            const make = async (name) => (await twine.post('/pub/group', { data: { type: 'group', attributes: { name } } }, 201)).json.data;
            groups = [await make('Included'), await make('Included too')];
            await make('Not included');
            const canonical = (await backendCall(gateway, 'GET', '/v1/groups')).groups.filter(({ name }) => /^Included/.test(name)).map(({ id }) => id);
            bound = JSON.parse(gateway.cli('client', 'add', '--name', 'bound', '--brand', 'acme', ...canonical.flatMap((id) => ['--group', id])));
            gateway.secrets.add(bound.client_secret);
            await sleep(1100);
        });

        test('the groups of a client that is bound to some, and its organization', async () => {
            const own = grant({ client_id: bound.client_id, client_secret: bound.client_secret });
            const both = await ask(path('groups,organization'), type, nested(own), 201);
            assert.deepEqual(both.data.relationships.groups.data, groups.map(({ type: kind, id }) => ({ type: kind, id })));
            assert.deepEqual(shown(both), [...groups.map((one) => ['group', one.id, one.attributes.name]), ['organization', ACME, 'Acme Health']]);
            checkJsonApi(both);
            assert.deepEqual(shown(await ask(path('groups'), type, nested(own), 201)).map(([kind]) => kind), ['group', 'group']);
            // flat, as a form, and with a refresh token
            const flat = await ask(path('organization'), formType, form(own), 201);
            assert.deepEqual(shown(flat), [['organization', ACME, 'Acme Health']]);
            const again = await ask(path('groups'), formType, form({ ...own, grant_type: 'refresh_token', refresh_token: flat.refresh_token }), 201);
            assert.equal(again.included.length, 2);
            const { data } = (await gateway.client('twine', { token: again.access_token }).get(`/pub/oauth/token/${again.data.id}/groups`)).json;
            assert.deepEqual(data, again.included);
        });

        test('a client of the whole organization has no groups of its own', async () => {
            const json = await ask(path('groups%2Corganization'), type, nested(grant()), 201);
            assert.deepEqual(shown(json), [['organization', ACME, 'Acme Health']]);
            assert.equal('data' in json.data.relationships.groups, false);
            assert.equal('included' in await ask('/pub/oauth/token', type, nested(grant()), 201), false);
        });

        test('what cannot be included is told before a token is made', async () => {
            for (const include of ['coaches', 'groups,coaches', 'groups,'])
                assert.deepEqual((await ask(path(include), type, nested(grant()), 409)).errors[0].source, { parameter: 'include' }, include);
        });

        test('without the scope of reading them: 403', async () => {
            const few = JSON.parse(gateway.cli('client', 'add', '--name', 'few', '--brand', 'acme', '--scope', 'read:patients'));
            gateway.secrets.add(few.client_secret);
            await sleep(1100);
            const own = nested(grant({ client_id: few.client_id, client_secret: few.client_secret }));
            assert.equal((await ask(path('organization'), type, own, 403)).errors[0].code, 'Forbidden');
            await ask('/pub/oauth/token', type, own, 201);
        });
    });

    test('the gateway\'s own endpoint', async () => {
        const json = await ask('/oauth/token', formType, form(grant()), 200);
        assert.equal(json.token_type.toLowerCase(), 'bearer');
        assert.ok(await works(json.access_token));
        const wrong = await ask('/oauth/token', formType, form(grant({ client_secret: 'x' })), 401, 'oauth');
        assert.equal(wrong.error, 'invalid_client');
        assert.equal((await ask('/oauth/token', formType, form(grant({ grant_type: 'password' })), 400, 'oauth')).error, 'unsupported_grant_type');
        assert.equal((await ask('/oauth/token', formType, form({ grant_type: 'client_credentials' }), 400, 'oauth')).error, 'invalid_request');
    });

    test('wrong ones', async () => {
        const code = (json) => json.errors[0].code;
        const api = 'application/vnd.api+json';
        assert.equal(code(await ask('/pub/oauth/token', api, nested(grant({ client_secret: 'wrong' })), 401)), 'InvalidCredentials');
        assert.equal(code(await ask('/pub/oauth/token', api, nested(grant({ client_id: 'nobody' })), 401)), 'InvalidCredentials');
        assert.equal(code(await ask('/pub/oauth/token', api, nested(grant({ grant_type: 'password' })), 409)), 'InvalidGrantType');
        assert.equal(code(await ask('/pub/oauth/token', api, nested({ grant_type: 'client_credentials' }), 409)), 'InvalidBodyParameter');
        assert.equal(code(await ask('/pub/oauth/token', api, nested({}), 409)), 'InvalidBodyParameter');
        await ask('/pub/oauth/token', 'application/json', '{', 400);
        for (const type of ['text/plain', 'application/xml']) await ask('/pub/oauth/token', type, JSON.stringify(grant()), 403);
    });

    test('refresh: a token is used once, and using it again ends its family', async () => {
        const first = await ask('/pub/oauth/token', 'application/json', grant(), 201);
        const refresh = (token, status, more = {}) => ask('/pub/oauth/token', formType,
            form({ grant_type: 'refresh_token', client_id: client.client_id, client_secret: client.client_secret, refresh_token: token, ...more }), status);
        const second = await refresh(first.refresh_token, 201);
        assert.notEqual(second.refresh_token, first.refresh_token);
        assert.ok(await works(second.access_token));
        assert.equal((await refresh('nonsense', 401)).errors[0].code, 'InvalidCredentials');
        await refresh(first.refresh_token, 401);
        await refresh(second.refresh_token, 401);
    });

    test('a client with its own scope, bound to its brand', async () => {
        const narrow = JSON.parse(gateway.cli('client', 'add', '--name', 'narrow', '--brand', 'globex', '--scope', 'read:patients'));
        gateway.secrets.add(narrow.client_secret);
        await sleep(1100);
        const json = await ask('/pub/oauth/token', 'application/json', { grant_type: 'client_credentials', ...narrow }, 201);
        const twine = gateway.client('twine', { token: json.access_token });
        await twine.get(`/pub/organization/${ACME}`, 403);
        assert.deepEqual((await twine.get(`/pub/patient?filter[organization]=${ACME}`)).json.data, []);
        assert.ok((await twine.get('/pub/patient?filter[organization]=58c88de7c93eb96357a87033')).json.data.length > 0);
        await twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Qanary', last_name: 'x' } } }, 403);
    });

    test('a revoked client gets no token', async () => {
        const brief = JSON.parse(gateway.cli('client', 'add', '--name', 'brief', '--brand', 'acme'));
        gateway.secrets.add(brief.client_secret);
        const listed = gateway.cli('client', 'list');
        assert.ok(listed.includes(brief.client_id) && !listed.includes(brief.client_secret));
        await sleep(1100);
        const body = { grant_type: 'client_credentials', client_id: brief.client_id, client_secret: brief.client_secret };
        await ask('/pub/oauth/token', 'application/json', body, 201);
        gateway.cli('client', 'revoke', brief.client_id);
        await sleep(1100);
        await ask('/pub/oauth/token', 'application/json', body, 401);
    });

    test('an opaque token in X-User-Token and as a bearer', async () => {
        const { token } = JSON.parse(gateway.cli('token', 'add', '--brand', 'acme', '--subject', 'legacy', '--scope', 'read:patients'));
        gateway.secrets.add(token);
        await sleep(1100);
        const general = gateway.client('general', { token });
        assert.equal((await general.get('/v1/patients/1049')).json.id, 1049);
        await general.get('/v1/patients/1049/gauges', 403);
        await gateway.client('general', { token: `${token}x` }).get('/v1/patients/1049', 401);
        await gateway.client('general', { token: token.toUpperCase() }).get('/v1/patients/1049', ANY).then((a) => assert.equal(a.status, token === token.toUpperCase() ? 200 : 401));
        await gateway.client('patient-graph', { token }).get('/v1/patients?brand_id=acme', 200);
    });

    test('the keys are published, secrets are not stored', async () => {
        const { status, json } = await request(gateway.port, 'GET', '/.well-known/jwks.json');
        assert.equal(status, 200);
        const [key] = json.keys;
        assert.deepEqual([key.kty, key.crv, key.alg, key.use], ['EC', 'P-256', 'ES256', 'sig']);
        assert.equal('d' in key, false);
        for (const file of readdirSync(gateway.stateDir)) {
            const bytes = readFileSync(join(gateway.stateDir, file));
            for (const secret of gateway.secrets) assert.ok(!(secret.length > 24 && bytes.includes(secret)), `${file} holds a secret`);
        }
    });
});
