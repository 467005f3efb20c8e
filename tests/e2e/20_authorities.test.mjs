// Tokens of others: key sets that rotate, lie and vanish, and tokens that an authority is asked about. The authority is
// scripted here; statements S4, S5, S18 to S20, S27 and S28 of docs/security.md.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, request, sanitized, sleep, startGateway } from './harness.mjs';
import { checkShape } from './shapes.mjs';

const ISSUER = 'https://issuer.test/';
const base64url = (value) => Buffer.from(value).toString('base64url');

const makers = {
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    EdDSA: () => generateKeyPairSync('ed25519'),
};
const signers = {
    RS256: (input, key) => sign('sha256', input, key),
    PS256: (input, key) => sign('sha256', input, { key, padding: 6, saltLength: 32 }),
    ES256: (input, key) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
    ES384: (input, key) => sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' }),
    EdDSA: (input, key) => sign(null, input, key),
};

let serial = 0;
class Key {
    constructor(alg, kid = `key-${++serial}`) {
        Object.assign(this, { alg, kid, ...makers[alg]() });
    }
    jwk(more = {}) { return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg: this.alg, ...more }; }
    token(claims = {}, header = {}) {
        const now = Math.floor(Date.now() / 1000);
        const all = { iss: ISSUER, aud: 'dragoman', sub: 'tester', brand_id: 'acme', scope: 'read:organization read:patients', iat: now, exp: now + 600, jti: `j${++serial}`, ...claims };
        const input = `${base64url(JSON.stringify({ alg: this.alg, kid: this.kid, typ: 'at+jwt', ...header }))}.${base64url(JSON.stringify(all))}`;
        return `${input}.${signers[this.alg](Buffer.from(input), this.privateKey).toString('base64url')}`;
    }
}

/** Answers /keys and /introspect as it is told, and counts. */
class Authority {
    constructor() {
        Object.assign(this, { keys: [], tokens: new Map(), asked: { keys: 0, introspect: 0 }, broken: undefined });
        this.server = http.createServer((incoming, outgoing) => {
            const chunks = [];
            incoming.on('data', (chunk) => chunks.push(chunk));
            incoming.on('end', () => this.answer(incoming, Buffer.concat(chunks).toString(), outgoing));
        });
    }
    answer(incoming, body, outgoing) {
        const what = incoming.url.startsWith('/keys') ? 'keys' : 'introspect';
        this.asked[what]++;
        if (this.broken) return this.broken(outgoing);
        const json = what === 'keys' ? { keys: this.keys } : this.tokens.get(new URLSearchParams(body).get('token')) ?? { active: false };
        const known = incoming.headers.authorization === `Basic ${Buffer.from('gateway:s%3Acret').toString('base64')}`;
        outgoing.writeHead(what === 'keys' || known ? 200 : 401, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify(json));
    }
    async listen() {
        await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
        this.url = `http://127.0.0.1:${this.server.address().port}`;
    }
    close() {
        this.server.closeAllConnections();
        return new Promise((done) => this.server.close(done));
    }
}

const breakages = {
    500: (out) => { out.writeHead(500); out.end('oh'); },
    html: (out) => { out.writeHead(200, { 'content-type': 'text/html' }); out.end('<html>Sign in</html>'); },
    empty: (out) => { out.writeHead(200); out.end('{"keys":[]}'); },
    'a redirect': (out) => { out.writeHead(302, { location: 'http://127.0.0.1:1/' }); out.end(); },
    large: (out) => { out.writeHead(200); out.end(Buffer.alloc(10 * 1024 * 1024, ' ')); },
    reset: (out) => out.socket.destroy(),
    slow: () => {},
};

describe('authorities', () => {
    let gateway, authority, folder;
    const list = (token, dialect = 'twine') => gateway.client(dialect, { token });
    const paths = { twine: `/pub/organization/${ACME}`, general: '/v1/patients', 'patient-graph': '/v1/patients?brand_id=acme' };
    const status = async (token, dialect = 'twine') => (await list(token, dialect).get(paths[dialect], ANY)).status;

    before(async () => {
        authority = new Authority();
        await authority.listen();
        folder = mkdtempSync(join(tmpdir(), 'dragoman-authority-'));
        writeFileSync(join(folder, 'secret'), 's:cret\n', { mode: 0o600 });
        authority.keys = Object.keys(makers).map((alg) => (authority[alg] = new Key(alg)).jwk());
        gateway = await startGateway({ set: {
            'auth.issuers': `[{issuer: '${ISSUER}', jwks_url: '${authority.url}/keys', allow_http: true, at_jwt: false}]`,
            'auth.jwks_interval_s': '1',
            'auth.call_ms': '500',
            'auth.introspection.url': `${authority.url}/introspect`,
            'auth.introspection.allow_http': 'true',
            'auth.introspection.client_id': 'gateway',
            'auth.introspection.secret_file': join(folder, 'secret'),
            'auth.introspection.prefix': 'lph_at_',
            'auth.introspection.cache_s': '1',
            'auth.introspection.refused_s': '1',
            'auth.failures_per_minute': '0',
        } });
        gateway.secrets.add('s:cret');
    });
    after(async () => {
        await gateway.stop();
        await authority.close();
        rmSync(folder, { recursive: true });
    });

    test('keys of every kind, in every dialect', async () => {
        for (const alg of Object.keys(makers))
            for (const dialect of Object.keys(paths)) {
                const token = authority[alg].token();
                gateway.secrets.add(token);
                assert.equal(await status(token, dialect), 200, `${alg} ${dialect}`);
            }
    });

    test('S12, S13: another issuer, another audience', async () => {
        const { ES256 } = authority;
        for (const claims of [{ iss: 'https://issuer.test' }, { iss: 'urn:dragoman' }, { aud: 'dragoman-backend' }, { aud: [] }, { exp: 1 }])
            assert.equal(await status(ES256.token(claims)), 401, JSON.stringify(claims));
    });

    test('S4, S5: keys for another purpose, and shared secrets, are not used', async () => {
        const wrong = [
            new Key('ES256').jwk({ use: 'enc' }), new Key('ES256').jwk({ key_ops: ['sign'] }), new Key('ES256').jwk({ alg: 'ES384' }),
        ];
        const enc = new Key('ES256'), sign = new Key('RS256'), twice = [new Key('ES256', 'twice'), new Key('ES256', 'twice')];
        const secret = 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE';
        const kept = authority.keys;
        authority.keys = [...kept, ...wrong, enc.jwk({ use: 'enc' }), sign.jwk({ key_ops: ['sign'] }), ...twice.map((key) => key.jwk()),
            { kty: 'oct', kid: 'oct', k: secret, alg: 'HS256', use: 'sig' }];
        await sleep(1100); // the interval of the last fetch
        for (const key of [enc, sign, ...twice]) assert.equal(await status(key.token()), 401, key.kid);
        const input = `${base64url('{"alg":"HS256","kid":"oct"}')}.${authority.ES256.token().split('.')[1]}`;
        assert.equal(await status(`${input}.${createHmac('sha256', Buffer.from(secret, 'base64url')).update(input).digest('base64url')}`), 401);
        assert.equal(await status(authority.ES256.token()), 200, 'the good ones beside them');
        authority.keys = kept;
    });

    test('S19: a new key works at once, for all who come with it', async () => {
        const next = new Key('ES256'), before = authority.asked.keys;
        authority.keys = [...authority.keys, next.jwk()];
        await sleep(1100);
        const all = await Promise.all(Array.from({ length: 100 }, () => status(next.token())));
        assert.deepEqual(all, all.map(() => 200));
        assert.equal(authority.asked.keys, before + 1, 'one fetch for all');
    });

    test('S18: a flood of unknown keys', async () => {
        const stranger = new Key('ES256'), good = authority.ES256.token(), before = authority.asked.keys, started = Date.now();
        assert.equal(await status(good), 200);
        await Promise.all(Array.from({ length: sanitized ? 200 : 1000 }, async (_, i) => {
            assert.equal(await status(stranger.token({}, { kid: `random-${i}` })), 401);
            if (i % 50 === 0) assert.equal(await status(good), 200);
        }));
        const most = 2 + Math.floor((Date.now() - started) / 1000);
        assert.ok(authority.asked.keys - before <= most, `${authority.asked.keys - before} fetches, at most one a second`);
    });

    test('S20: the last good set outlives every outage', async () => {
        for (const [name, broken] of Object.entries(breakages)) {
            await sleep(1100);
            authority.broken = broken;
            const unknown = new Key('ES256');
            const got = await list(unknown.token()).get(paths.twine, 503);
            assert.ok(got.headers['retry-after'], name);
            assert.equal(await status(authority.RS256.token()), 200, name);
            assert.equal(await gateway.metric('dragoman_key_sets', { state: 'failing' }), 1, name);
            authority.broken = undefined;
        }
        await sleep(1100);
        const late = new Key('EdDSA');
        authority.keys = [...authority.keys, late.jwk()];
        assert.equal(await status(late.token()), 200, 'afterwards');
        assert.equal(await gateway.metric('dragoman_key_sets', { state: 'failing' }), 0);
    });

    test('S27: introspection', async () => {
        const good = { active: true, aud: 'dragoman', sub: 'tester', brand_id: 'acme', scope: 'read:organization read:patients' };
        const cases = {
            good: [good, 200], scopeless: [{ ...good, scope: '' }, 403], inactive: [{ ...good, active: false }, 401],
            nowhere: [{ ...good, aud: undefined }, 401], elsewhere: [{ ...good, aud: 'other' }, 401], old: [{ ...good, exp: 1 }, 401],
            text: [{ ...good, active: 'true' }, 503], missing: [{ ...good, active: undefined }, 503],
        };
        for (const [name, [answer, wanted]] of Object.entries(cases))
            for (const dialect of Object.keys(paths)) {
                const token = `lph_at_${name}_${dialect}_0123456789`;
                authority.tokens.set(token, answer);
                gateway.secrets.add(token);
                assert.equal(await status(token, dialect), wanted, `${name} ${dialect}`);
            }
        assert.equal(await status('lph_at_unknown'), 401);
        assert.equal(await status('other_at_unknown'), 401, 'the table');
        const before = authority.asked.introspect;
        const all = await Promise.all(Array.from({ length: 50 }, () => status('lph_at_good_twine_0123456789')));
        assert.deepEqual(all, all.map(() => 200));
        assert.ok(authority.asked.introspect - before <= 2 * 2, 'remembered for a second by each of two workers');
    });

    test('S27: a revoked token ends, and an outage is a 503', async () => {
        const token = 'lph_at_revoked_0123456789';
        authority.tokens.set(token, { active: true, aud: 'dragoman', brand_id: 'acme', scope: 'read:organization' });
        assert.equal(await status(token), 200);
        authority.tokens.set(token, { active: false });
        await sleep(1100);
        assert.equal(await status(token), 401);
        for (const [name, broken] of Object.entries(breakages)) {
            authority.broken = broken;
            const got = await list(`lph_at_${name.replaceAll(' ', '')}_0123456789`).get(paths.twine, 503);
            assert.ok(got.headers['retry-after'], name);
            authority.broken = undefined;
        }
    });

    test('a client that leaves while its token is asked about', async () => {
        authority.broken = breakages.slow;
        await Promise.all(Array.from({ length: 20 }, (_, i) =>
            request(gateway.port, 'GET', paths.twine, { headers: { authorization: `Bearer lph_at_gone${i}` }, timeout: 50 }).catch(() => 0)));
        authority.broken = undefined;
        assert.equal(await status(authority.ES256.token()), 200);
    });
});

describe('key sets over TLS', () => {
    test('S21: an issuer must prove its name to an authority that the configuration names', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'dragoman-tls-')), file = (name) => join(folder, name);
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
            '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', file('key.pem'), '-out', file('cert.pem')], { stdio: 'ignore' });
        const key = new Key('ES256');
        let asked = 0;
        const server = https.createServer({ key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) }, (incoming, outgoing) => {
            asked++;
            outgoing.end(JSON.stringify({ keys: [key.jwk()] }));
        });
        await new Promise((done) => server.listen(0, '127.0.0.1', done));
        const set = (host, more = {}) => ({ 'auth.issuers': `[{issuer: '${ISSUER}', jwks_url: 'https://${host}:${server.address().port}/'}]`, ...more });
        const cases = [
            [set('localhost', { 'auth.ca_file': file('cert.pem') }), 200],
            [set('localhost'), 503], // signed by nobody the system knows
            [set('127.0.0.1', { 'auth.ca_file': file('cert.pem') }), 503], // another name
        ];
        for (const [settings, wanted] of cases) {
            asked = 0;
            const gateway = await startGateway({ set: settings });
            await gateway.client('twine', { token: key.token() }).get(`/pub/organization/${ACME}`, wanted);
            assert.equal(asked > 0, wanted === 200, 'nothing is asked of who cannot prove its name');
            await gateway.stop();
        }
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
        rmSync(folder, { recursive: true });
    });
});

describe('kinds of credentials', () => {
    test('S27: a dialect accepts the kinds that it is configured for', async () => {
        const gateway = await startGateway({ set: {
            facades: '[{dialect: general, credentials: [table]}, {dialect: twine, credentials: [jwt]}]',
        } });
        const { token: opaque } = JSON.parse(gateway.cli('token', 'add', '--brand', 'acme', '--subject', 'legacy', '--scope', 'read:patients read:organization'));
        gateway.secrets.add(opaque);
        await sleep(1100);
        const cases = { general: ['/v1/patients', 401, 200], twine: [`/pub/organization/${ACME}`, 200, 401], 'patient-graph': ['/v1/patients?brand_id=acme', 200, 200] };
        for (const [dialect, [path, jwt, table]] of Object.entries(cases)) {
            await gateway.client(dialect).get(path, jwt);
            await gateway.client(dialect, { token: opaque }).get(path, table);
        }
        await gateway.stop();
    });
});

describe('patience', () => {
    test('S28: an address that guesses is told to wait, in every dialect', async () => {
        const gateway = await startGateway({ set: { 'auth.failures_per_minute': '20' } });
        const good = gateway.client('twine'), unused = gateway.token('twine', { subject: 'unused' });
        await good.get(`/pub/organization/${ACME}`);
        const guess = async (value) => (await request(gateway.port, 'GET', `/pub/organization/${ACME}`, { headers: { authorization: `Bearer ${value}` } }));
        for (let i = 0; i < 20; i++) assert.equal((await guess(`guess-${i}`)).status, 401);
        const late = await guess(unused);
        assert.equal(late.status, 429, 'a right one too');
        assert.ok(late.headers['retry-after']);
        checkShape('twine', late);
        for (const [dialect, path] of [['general', '/v1/patients'], ['patient-graph', '/v1/patients?brand_id=acme']])
            await gateway.client(dialect, { token: 'guess' }).get(path, 429);
        await gateway.stop();
    });
});
