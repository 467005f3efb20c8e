// Tokens of others: key sets that rotate, lie and vanish, and tokens that an authority is asked about.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, binary, request, root, sanitized, sleep, startGateway } from '../e2e/harness.mjs';
import { checkShape } from '../e2e/shapes.mjs';
import { Authority, ISSUER, Key, base64url, breakages } from './authority.mjs';
import { makers } from '../e2e/keys.mjs';

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
            'auth.call_ms': '3000',
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

    test('s04_keys_of_every_kind_in_every_dialect', async () => {
        for (const alg of Object.keys(makers))
            for (const dialect of Object.keys(paths)) {
                const token = authority[alg].token();
                gateway.secrets.add(token);
                assert.equal(await status(token, dialect), 200, `${alg} ${dialect}`);
            }
    });

    test('s12_s13_another_issuer_or_audience_of_a_key_set', async () => {
        const { ES256 } = authority;
        for (const claims of [{ iss: 'https://issuer.test' }, { iss: 'urn:dragoman' }, { aud: 'dragoman-backend' }, { aud: [] }, { exp: 1 }])
            assert.equal(await status(ES256.token(claims)), 401, JSON.stringify(claims));
    });

    test('s04_s05_keys_for_another_purpose_twice_named_or_shared_are_not_used', async () => {
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

    test('s19_a_new_key_works_at_once', async () => {
        const next = new Key('ES256'), before = authority.asked.keys;
        authority.keys = [...authority.keys, next.jwk()];
        await sleep(1100);
        const all = await Promise.all(Array.from({ length: 100 }, () => status(next.token())));
        assert.deepEqual(all, all.map(() => 200));
        assert.equal(authority.asked.keys, before + 1, 'one fetch for all');
    });

    test('s18_a_flood_of_unknown_keys', async () => {
        const stranger = new Key('ES256'), good = authority.ES256.token(), before = authority.asked.keys, started = Date.now();
        assert.equal(await status(good), 200);
        await Promise.all(Array.from({ length: sanitized ? 200 : 1000 }, async (_, i) => {
            assert.equal(await status(stranger.token({}, { kid: `random-${i}` })), 401);
            if (i % 50 === 0) assert.equal(await status(good), 200);
        }));
        const most = 2 + Math.floor((Date.now() - started) / 1000);
        assert.ok(authority.asked.keys - before <= most, `${authority.asked.keys - before} fetches, at most one a second`);
    });

    // The gateway asks again by itself a second after a failure, so there is an answer in between only where the test wants one.
    test('s20_the_last_good_set_outlives_every_outage', async (t) => {
        t.after(() => { authority.broken = undefined; });
        for (const [name, broken] of Object.entries(breakages)) {
            authority.broken = broken;
            await sleep(1100);
            const unknown = new Key('ES256');
            const got = await list(unknown.token()).get(paths.twine, 503);
            assert.ok(got.headers['retry-after'], name);
            assert.equal(await status(authority.RS256.token()), 200, name);
            assert.equal(await gateway.metric('dragoman_key_sets', { state: 'failing' }), 1, name);
        }
        const late = new Key('EdDSA');
        authority.keys = [...authority.keys, late.jwk()];
        authority.broken = undefined;
        const until = Date.now() + 30000;
        while (await gateway.metric('dragoman_key_sets', { state: 'failing' }) && Date.now() < until) await sleep(50);
        assert.equal(await status(late.token()), 200, 'afterwards');
    });

    test('s27_introspection', async () => {
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

    test('s27_a_revoked_token_ends_and_an_outage_is_503', async (t) => {
        t.after(() => { authority.broken = undefined; });
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
        }
    });

    test('s27_a_client_that_leaves_while_its_token_is_asked_about', async () => {
        authority.broken = breakages.slow;
        await Promise.all(Array.from({ length: 20 }, (_, i) =>
            request(gateway.port, 'GET', paths.twine, { headers: { authorization: `Bearer lph_at_gone${i}` }, timeout: 50 }).catch(() => 0)));
        authority.broken = undefined;
        assert.equal(await status(authority.ES256.token()), 200);
    });
});

describe('key sets over TLS', () => {
    test('s21_an_issuer_must_prove_its_name', async () => {
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
    test('s16_a_dialect_accepts_the_kinds_of_credential_that_it_is_configured_for', async () => {
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
    test('s28_guessing_is_rate_limited', async () => {
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

describe('key sets by plain HTTP, of other hosts, and too many keys', () => {
    const refused = (settings) => {
        try {
            execFileSync(binary, ['check', '-c', 'conf/dragoman.yaml', ...Object.entries(settings).flatMap(([k, v]) => ['--set', `${k}=${v}`])], { cwd: root, stdio: 'pipe' });
        } catch (error) { return error.stderr.toString(); }
        return undefined;
    };

    test('s21_key_sets_come_by_https_unless_allowed', () => {
        const of = (rest) => ({ 'auth.issuers': `[{issuer: '${ISSUER}', ${rest}}]` });
        assert.match(refused(of('jwks_url: "http://keys.test/"')), /https/);
        for (const url of ['file:///etc/passwd', 'ftp://keys.test/', 'keys.test', 'https://', 'gopher://x/'])
            assert.ok(refused(of(`jwks_url: "${url}", allow_http: true`)), url);
        assert.equal(refused(of('jwks_url: "https://keys.test/"')), undefined);
        assert.ok(refused({ 'auth.introspection.url': 'http://keys.test/', 'auth.introspection.client_id': 'x' }));
    });

    test('s21_redirects_are_not_followed_and_keys_are_counted', async () => {
        const key = new Key('ES256'), beyond = new Key('ES256');
        let elsewhere = 0, answer;
        const other = http.createServer((incoming, outgoing) => { elsewhere++; outgoing.end(JSON.stringify({ keys: [key.jwk()] })); });
        const server = http.createServer((incoming, outgoing) => answer(outgoing));
        for (const one of [other, server]) await new Promise((done) => one.listen(0, '127.0.0.1', done));
        answer = (out) => { out.writeHead(302, { location: `http://127.0.0.1:${other.address().port}/` }); out.end(JSON.stringify({ keys: [key.jwk()] })); };
        const gateway = await startGateway({ set: { 'auth.jwks_interval_s': '1',
            'auth.issuers': `[{issuer: '${ISSUER}', jwks_url: 'http://127.0.0.1:${server.address().port}/', allow_http: true}]` } });
        const path = `/pub/organization/${ACME}`;
        await gateway.client('twine', { token: key.token() }).get(path, 503);
        assert.equal(elsewhere, 0);
        const many = Array.from({ length: 5000 }, (_, i) => key.jwk({ kid: `many-${i}` }));
        answer = (out) => out.end(JSON.stringify({ keys: [...many, beyond.jwk()] }));
        await sleep(1100);
        assert.ok([401, 503].includes((await gateway.client('twine', { token: beyond.token() }).get(path, ANY)).status), 'a key beyond the bound');
        await gateway.stop();
        for (const one of [other, server]) {
            one.closeAllConnections();
            await new Promise((done) => one.close(done));
        }
    });
});

// Keys and signatures of another implementation (rhonabwy, on GnuTLS), by its command line tool.
describe('an issuer that shares no code with anybody here', () => {
    const kinds = { RS256: 'RSA2048', RS512: 'RSA2048', PS256: 'RSA2048', ES256: 'EC256', ES384: 'EC384', ES512: 'EC521', EdDSA: 'Ed25519' };
    const rnbyc = (...args) => execFileSync('rnbyc', args, { encoding: 'utf8' }).trim();

    test('s03_good_tokens_of_another_implementation', async () => {
        const folder = mkdtempSync(join(tmpdir(), 'dragoman-rnbyc-')), file = (name) => join(folder, name), keys = [];
        // It leaves out leading zeros of coordinates, which RFC 7518 section 6.2.1.2 forbids: such a key is not used, another one is made.
        const sizes = { 'P-256': 43, 'P-384': 64, 'P-521': 88 }, whole = ({ crv, x, y }) => !sizes[crv] || (x.length === sizes[crv] && y.length === sizes[crv]);
        for (const [alg, type] of Object.entries(kinds)) {
            let made;
            do {
                rnbyc('-j', '-g', type, '-k', alg, '-a', alg, '-o', file(`${alg}.private`), '-p', file(`${alg}.public`));
                [made] = JSON.parse(readFileSync(file(`${alg}.public`), 'utf8')).keys;
            } while (!whole(made));
            keys.push(made);
        }
        rnbyc('-j', '-g', 'EC256', '-k', 'ES256', '-a', 'ES256', '-o', file('stranger.private'), '-p', file('stranger.public'));
        writeFileSync(file('set.json'), JSON.stringify({ keys }));
        const gateway = await startGateway({ set: { 'auth.failures_per_minute': '0', 'auth.issuers': `[{issuer: 'https://rnbyc.test', jwks_file: ${file('set.json')}}]` } });
        const claims = { iss: 'https://rnbyc.test', aud: 'dragoman', sub: 'somebody', brand_id: 'acme', scope: 'read:organization', exp: Math.floor(Date.now() / 1000) + 600 };
        const token = (alg, more = {}, key = alg) => rnbyc('-s', JSON.stringify({ ...claims, ...more }), '-K', file(`${key}.private`), '-a', alg);
        const status = async (one) => (await gateway.client('twine', { token: one }).get(`/pub/organization/${ACME}`, ANY)).status;
        for (const alg of Object.keys(kinds)) {
            assert.equal(await status(token(alg)), 200, alg);
            assert.equal(await status(token(alg, { aud: 'elsewhere' })), 401, `${alg}, for another audience`);
        }
        assert.equal(await status(token('PS256', {}, 'RS256')), 401, 'the key of another algorithm');
        assert.equal(await status(token('ES256', {}, 'stranger')), 401, 'another key of that name');
        await gateway.stop();
        rmSync(folder, { recursive: true });
    });
});
