// A real authorization server (npm oidc-provider): its signed and its opaque tokens, its key rotation, its outage.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Provider } from 'oidc-provider';
import { ACME, ANY, freePorts, sleep, startGateway } from './harness.mjs';
import { makers } from './keys.mjs';

const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const keys = (round) => algorithms.map((alg) =>
    ({ ...makers[alg]().privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-${round}` }));
const scope = 'read:organization read:patients';

/** One resource per kind of token, all for this gateway. */
function configuration(jwks) {
    const resource = (name) => name === 'opaque'
        ? { scope, audience: 'dragoman', accessTokenFormat: 'opaque' }
        : { scope, audience: name === 'elsewhere' ? 'elsewhere' : 'dragoman', accessTokenFormat: 'jwt', jwt: { sign: { alg: algorithms.includes(name) ? name : 'ES256' } } };
    return {
        jwks: { keys: jwks },
        clients: [
            { client_id: 'service', client_secret: 'service-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
            { client_id: 'gateway', client_secret: 'gateway-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
        ],
        scopes: scope.split(' '),
        features: {
            devInteractions: { enabled: false },
            clientCredentials: { enabled: true },
            introspection: { enabled: true },
            revocation: { enabled: true },
            resourceIndicators: {
                enabled: true,
                getResourceServerInfo: (ctx, indicator) => resource(indicator.slice('urn:kind:'.length)),
            },
        },
        extraTokenClaims: () => ({ brand_id: 'acme' }),
    };
}

describe('oidc-provider', () => {
    let gateway, folder, port, issuer, server, jwks = keys(1);

    async function open() {
        server = http.createServer(new Provider(issuer, configuration(jwks)).callback());
        await new Promise((done) => server.listen(port, '127.0.0.1', done));
    }
    async function close() {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
    }
    async function ask(path, values) {
        const answer = await fetch(issuer + path, {
            method: 'POST', body: new URLSearchParams(values),
            headers: { authorization: `Basic ${Buffer.from('service:service-secret').toString('base64')}` },
        });
        const text = await answer.text();
        assert.equal(answer.status, 200, text);
        return text && JSON.parse(text);
    }
    async function tokenOf(kind, asked = scope) {
        const { access_token } = await ask('/token', { grant_type: 'client_credentials', resource: `urn:kind:${kind}`, scope: asked });
        gateway.secrets.add(access_token);
        return access_token;
    }
    const status = async (token) => (await gateway.client('twine', { token }).get(`/pub/organization/${ACME}`, ANY)).status;

    before(async () => {
        [port] = await freePorts(1);
        issuer = `http://127.0.0.1:${port}`;
        folder = mkdtempSync(join(tmpdir(), 'dragoman-issuer-'));
        writeFileSync(join(folder, 'secret'), 'gateway-secret\n', { mode: 0o600 });
        await open();
        gateway = await startGateway({ set: {
            'auth.issuers': `[{issuer: '${issuer}', jwks_url: '${issuer}/jwks', allow_http: true, at_jwt: true}]`,
            'auth.jwks_interval_s': '1',
            'auth.introspection.url': `${issuer}/token/introspection`,
            'auth.introspection.allow_http': 'true',
            'auth.introspection.client_id': 'gateway',
            'auth.introspection.secret_file': join(folder, 'secret'),
            'auth.introspection.cache_s': '1',
        } });
        gateway.secrets.add('gateway-secret');
    });
    after(async () => {
        await gateway.stop();
        await close();
        rmSync(folder, { recursive: true });
    });

    test('its JWTs, with every algorithm', async () => {
        for (const alg of algorithms) assert.equal(await status(await tokenOf(alg)), 200, alg);
        assert.equal(await status(await tokenOf('elsewhere')), 401, 'for another audience');
        assert.equal(await status(await tokenOf('ES256', 'read:patients')), 403, 'without the scope');
    });

    test('its opaque tokens, until they are revoked', async () => {
        const token = await tokenOf('opaque');
        assert.equal(token.split('.').length, 1);
        assert.equal(await status(token), 200);
        assert.equal(await status(await tokenOf('opaque', 'read:patients')), 403);
        assert.equal(await status(`${token}x`), 401);
        await ask('/token/revocation', { token });
        await sleep(1100);
        assert.equal(await status(token), 401);
    });

    test('its keys rotate, and an outage passes', async () => {
        const old = await tokenOf('ES256'), next = keys(2);
        await close();
        assert.equal(await status(await old), 200, 'remembered keys');
        assert.equal(await status('an-opaque-token-nobody-can-be-asked-about'), 503);
        jwks = [...next, ...jwks];
        await open();
        await sleep(1100);
        const fresh = await tokenOf('EdDSA');
        assert.equal(JSON.parse(Buffer.from(fresh.split('.')[0], 'base64url')).kid, 'EdDSA-2');
        assert.equal(await status(fresh), 200, 'the new key at once');
        assert.equal(await status(old), 200, 'the old one still');
        await close();
        jwks = next;
        await open();
        await sleep(1100);
        jwks = keys(3);
        await close();
        await open();
        assert.equal(await status(await tokenOf('PS256')), 200, 'a third set, fetched for its first token');
        assert.equal(await status(old), 401, 'the first keys are gone');
    });
});
