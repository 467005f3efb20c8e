// Tokens that were made to be taken for good ones. Three issuers with one key each, one with a shared secret, and the gateway's own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, createHmac, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, binary, root, sleep, startGateway } from '../e2e/harness.mjs';
import { keyPair } from '../e2e/keys.mjs';
import { Key, base64url } from './authority.mjs';

const PATH = `/pub/organization/${ACME}`;
const SECRET = 'Sixty-four bytes of a secret that two parties share, and no more.';
const issuer = (name) => `https://${name}.test/`;

describe('tokens', () => {
    let gateway, folder, rsa, ec, other;
    const file = (name) => join(folder, name);
    const pem = (key) => key.publicKey.export({ type: 'spki', format: 'pem' });
    const good = (key, claims = {}, header = {}) => key.token({ iss: issuer(key.issuer), client_id: 'tester', ...claims }, { typ: 'JWT', kid: undefined, ...header });
    const hs = (secret, claims = {}, alg = 'HS256', header = {}) => {
        const input = `${base64url(JSON.stringify({ alg, typ: 'JWT', ...header }))}.${base64url(JSON.stringify(rsa.claims({ iss: issuer('shared'), ...claims })))}`;
        return `${input}.${createHmac(`sha${alg.slice(2)}`, secret).update(input).digest('base64url')}`;
    };
    const got = (token, dialect = 'twine', path = PATH) => gateway.client(dialect, { token }).get(path, ANY);
    const status = async (token) => (await got(token)).status;
    const refused = async (token, what) => assert.equal(await status(token), 401, what ?? token.slice(0, 80));
    /** Changes one of the three parts of a good token. */
    const part = (token, n, change) => token.split('.').map((p, i) => (i === n ? change(p) : p)).join('.');

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), 'dragoman-tokens-'));
        rsa = Object.assign(new Key('RS256'), { issuer: 'rsa' });
        ec = Object.assign(new Key('ES256'), { issuer: 'ec' });
        other = Object.assign(new Key('ES384'), { issuer: 'strict' });
        for (const key of [rsa, ec, other]) writeFileSync(file(`${key.issuer}.pem`), pem(key));
        writeFileSync(file('secret'), SECRET, { mode: 0o600 });
        gateway = await startGateway({ set: { 'auth.skew_s': '0', 'auth.failures_per_minute': '0', 'auth.issuers': `[${[
            `{issuer: '${issuer('rsa')}', keys: [{file: ${file('rsa.pem')}, algorithm: RS256}]}`,
            `{issuer: '${issuer('ec')}', keys: [{file: ${file('ec.pem')}, algorithm: ES256, kid: main}]}`,
            `{issuer: '${issuer('strict')}', at_jwt: true, keys: [{file: ${file('strict.pem')}, algorithm: ES384}]}`,
            `{issuer: '${issuer('shared')}', keys: [{file: ${file('secret')}, algorithm: HS256}]}`].join(', ')}]` } });
        ec.token = function token(claims, header) { return Key.prototype.token.call(this, claims, { ...header, kid: 'main' }); };
    });
    after(async () => {
        await gateway.stop();
        rmSync(folder, { recursive: true });
    });

    test('s03_good_tokens_are_good', async () => {
        for (const token of [good(rsa), good(ec), good(other, {}, { typ: 'at+jwt' }), hs(SECRET), gateway.token('twine')])
            assert.equal(await status(token), 200);
    });

    test('s01_alg_none', async () => {
        for (const token of [good(rsa), good(ec), hs(SECRET), gateway.token('twine')])
            for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'null'])
                for (const signature of ['', token.split('.')[2], base64url('x')]) {
                    const bare = part(part(token, 0, () => base64url(JSON.stringify({ alg, typ: 'JWT', kid: 'main' }))), 2, () => signature);
                    await refused(bare, `${alg} ${signature.length}`);
                }
    });

    test('s02_hs256_signed_with_rsa_public_key', async () => {
        for (const key of [rsa, ec]) {
            const text = pem(key), der = key.publicKey.export({ type: 'spki', format: 'der' });
            const secrets = [text, text.trimEnd(), text.replaceAll('\n', ''), text.replaceAll('\n', '\\n'), der, der.toString('base64'), text.split('\n').slice(1, -2).join(''),
                Buffer.alloc(0), Buffer.from([0])];
            for (const secret of secrets)
                for (const alg of ['HS256', 'HS384', 'HS512'])
                    await refused(hs(secret, { iss: issuer(key.issuer) }, alg, { kid: 'main' }), `${key.issuer} ${alg}`);
        }
    });

    test('s03_a_key_is_used_with_exactly_one_algorithm', async () => {
        const pss = (input, key) => sign('sha256', input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
        const with_ = (hash) => (input, key) => sign(hash, input, key);
        for (const [alg, signature] of [['RS384', with_('sha384')], ['RS512', with_('sha512')], ['PS256', pss], ['PS384', pss], ['RS256 ', with_('sha256')], ['rs256', with_('sha256')]])
            await refused(rsa.sign(JSON.stringify({ alg }), JSON.stringify(rsa.claims({ iss: issuer('rsa') })), signature), alg);
        for (const alg of ['ES384', 'ES512', 'EdDSA', 'ES256K', 'HS256', 'RS256', 256, null, ['ES256'], { a: 1 }])
            await refused(good(ec, {}, { alg }), String(alg));
        await refused(hs(SECRET, {}, 'HS384'));
        await refused(hs(SECRET, {}, 'HS512'));
        // A signature in the other encoding, of nothing, of zeros (CVE-2022-21449), and cut short.
        const der = ec.sign(JSON.stringify({ alg: 'ES256', kid: 'main' }), JSON.stringify(ec.claims({ iss: issuer('ec') })), (input, key) => sign('sha256', input, key));
        for (const token of [der, ...[0, 63, 64, 65].map((n) => part(good(ec), 2, () => Buffer.alloc(n).toString('base64url')))]) await refused(token);
    });

    test('s06_keys_named_by_the_token_are_never_fetched_or_used', async () => {
        const attacker = Object.assign(new Key('ES256'), { issuer: 'ec' });
        let asked = 0;
        const server = http.createServer((incoming, outgoing) => { asked++; outgoing.end(JSON.stringify({ keys: [attacker.jwk()] })); });
        await new Promise((done) => server.listen(0, '127.0.0.1', done));
        const url = `http://127.0.0.1:${server.address().port}/`;
        for (const hint of [{ jku: url }, { x5u: url }, { jwk: attacker.jwk() }, { x5c: [attacker.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] }, { kid: url }, { x5t: 'x' }]) {
            for (const kid of ['main', undefined]) await refused(good(attacker, {}, { kid, ...hint }), Object.keys(hint)[0]);
            assert.ok([200, 401].includes(await status(good(rsa, {}, hint))));
        }
        server.close();
        assert.equal(asked, 0, 'nobody was asked');
    });

    test('s07_unknown_crit', async () => {
        for (const crit of [['exp'], ['b64'], ['x'], [], 'x', null, {}]) await refused(good(rsa, {}, { crit, x: 1, b64: true }), JSON.stringify(crit));
    });

    test('s08_kid_is_only_looked_up', async () => {
        const attacker = Object.assign(new Key('ES256'), { issuer: 'ec' });
        writeFileSync(file('attacker.pem'), pem(attacker));
        const evil = 'Qanaryline';
        for (const kid of [file('attacker.pem'), '../../../../dev/null', "' OR 1=1 --", 'x'.repeat(10240), `a\r\n{"level":"error","${evil}":1}`, '\u001b[2J', '', 0, null, ['main'], { kid: 'main' }, 'MAIN', 'main '])
            await refused(Key.prototype.token.call(attacker, { iss: issuer('ec') }, { kid }), JSON.stringify(kid).slice(0, 40));
        // A right signature under a name that the key does not have.
        for (const kid of ['other', '', 'main\u0000']) await refused(Key.prototype.token.call(ec, { iss: issuer('ec') }, { kid }), kid);
        assert.ok(!gateway.output('stderr').includes(evil) && !gateway.output('stdout').includes(evil));
    });

    test('s09_only_canonical_base64url', async () => {
        for (const token of [good(rsa), good(ec)]) {
            assert.equal(await status(token), 200); // and is remembered
            const spare = (text) => text.slice(0, -1) + 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(text.at(-1)) ^ 1];
            for (const n of [0, 1, 2])
                for (const change of [(p) => `${p}=`, (p) => `${p}==`, (p) => `${p}A`, (p) => `${p.slice(0, 9)} ${p.slice(9)}`, (p) => `${p.slice(0, 9)}\t${p.slice(9)}`, (p) => `${p}%3D`,
                    (p) => p.replace(/[-_]|.$/, (c) => (c === '-' ? '+' : '/'))])
                    await refused(part(token, n, change));
            for (const n of [0, 1, 2]) if (token.split('.')[n].length % 4 > 1) await refused(part(token, n, spare), `spare bits of part ${n}`);
        }
    });

    test('s10_three_segments_of_json_objects_without_duplicates', async () => {
        const token = good(rsa), [h, p, s] = token.split('.');
        for (const bad of [`${h}.${p}`, h, `${h}.${p}.${s}.`, `${h}.${p}.${s}.x`, `${h}.${p}.${s}.x.y`, `.${p}.${s}`, `${h}..${s}`, '..', '.', `${token}.${token}`]) await refused(bad);
        const head = JSON.stringify({ alg: 'RS256', typ: 'JWT' }), claims = JSON.stringify(rsa.claims({ iss: issuer('rsa') }));
        for (const text of ['[]', '""', '1', 'null', '', '{', `${claims} x`, `\ufeff${claims}`, `{"brand_id":"globex",${claims.slice(1)}`, `{"exp":1,${claims.slice(1)}`, `{"\\u0065xp":1,${claims.slice(1)}`])
            await refused(rsa.sign(head, text), text.slice(0, 20));
        for (const text of ['[]', '"RS256"', 'null', '', `{"alg":"none",${head.slice(1)}`, `${head.slice(0, -1)},"alg":"RS256"}`])
            await refused(rsa.sign(text, claims), text.slice(0, 20));
        await refused(rsa.sign(head, Buffer.concat([Buffer.from(claims.slice(0, -1)), Buffer.from(',"x":"\xc0\xaf"}', 'latin1')])), 'no UTF-8');
    });

    test('s11_times_are_required_and_are_whole_numbers', async () => {
        const head = JSON.stringify({ alg: 'RS256' }), now = Math.floor(Date.now() / 1000);
        const raw = (name, text) => {
            const claims = JSON.stringify({ ...rsa.claims({ iss: issuer('rsa') }), [name]: '@@' });
            return rsa.sign(head, claims.replace('"@@"', text));
        };
        for (const text of [`"${now + 600}"`, 'null', '-1', '0', `${now - 10}`, '1e400', '9223372036854775808', '18446744073709551617', 'true', '[]', `[${now + 600}]`, `{"a":1}`])
            await refused(raw('exp', text), `exp ${text}`);
        await refused(good(rsa, { exp: undefined }), 'no exp');
        for (const text of [`"${now}"`, 'null', `${now + 600}`, '1e400', '9223372036854775808', 'true', '[]']) await refused(raw('nbf', text), `nbf ${text}`);
        for (const text of [`"${now}"`, 'null', `${now + 600}`, '1e400', '9223372036854775808', 'true']) await refused(raw('iat', text), `iat ${text}`);
        for (const [name, text, wanted] of [['nbf', String(now - 5), 200], ['iat', String(now - 5), 200], ['exp', String(now + 60), 200]])
            assert.equal(await status(raw(name, text)), wanted, name);
        const wide = execCheck(['--set', 'auth.skew_s=61']);
        assert.match(wide, /skew_s/, 'at most 60 seconds');
    });

    test('s12_issuer_is_exact_and_bound_to_its_keys', async () => {
        for (const iss of [issuer('ec'), issuer('shared'), 'https://rsa.test', 'https://RSA.test/', 'https://rsa.test/ ', 'https://rsa.test//', 'urn:dragoman', '', null, undefined, [issuer('rsa')], { iss: issuer('rsa') }])
            await refused(good(rsa, { iss }), String(iss));
        await refused(good(ec, { iss: issuer('rsa') }));
        await refused(hs(SECRET, { iss: issuer('ec') }));
    });

    test('s13_audience_is_required_and_names_this_gateway', async () => {
        for (const aud of [undefined, null, '', 'Dragoman', 'dragoman ', 'dragoman-backend', [], ['x'], [['dragoman']], { dragoman: 1 }, 7, 'x dragoman'])
            await refused(good(rsa, { aud }), JSON.stringify(aud));
        for (const aud of ['dragoman', ['dragoman'], ['x', 'dragoman']]) assert.equal(await status(good(rsa, { aud })), 200, JSON.stringify(aud));
    });

    test('s14_access_tokens_of_rfc_9068_only', async () => {
        for (const typ of ['at+jwt', 'application/at+jwt', 'AT+JWT']) assert.equal(await status(good(other, {}, { typ })), 200, typ);
        for (const typ of ['JWT', 'jwt', undefined, null, '', 'id_token+jwt', 'at+jwt ', 'application/jwt', ['at+jwt']]) await refused(good(other, { nonce: 'n', at_hash: 'h' }, { typ }), String(typ));
    });

    const execCheck = (args) => {
        try {
            execFileSync(binary, ['check', '-c', 'conf/dragoman.yaml', ...args], { cwd: root, stdio: 'pipe' });
        } catch (error) { return error.stderr.toString(); }
        return '';
    };

    test('s15_weak_keys_are_refused_at_load', () => {
        const cases = { small: [keyPair('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }), 'RS256'], short: ['only31bytesonly31bytesonly31byte', 'HS256'],
            short512: ['x'.repeat(63), 'HS512'], empty: ['', 'HS256'], curve: [keyPair('ec', { namedCurve: 'secp256k1' }).publicKey.export({ type: 'spki', format: 'pem' }), 'ES256'],
            kind: [pem(rsa), 'ES256'], publicsecret: [pem(rsa), 'HS256'] };
        // A point that is not on its curve: the last byte of a good one changed.
        const der = ec.publicKey.export({ type: 'spki', format: 'der' });
        der[der.length - 1] ^= 1;
        cases.point = [`-----BEGIN PUBLIC KEY-----\n${der.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END PUBLIC KEY-----\n`, 'ES256'];
        cases.short[0] = cases.short[0].slice(0, 31);
        for (const [name, [text, algorithm]] of Object.entries(cases)) {
            writeFileSync(file(name), text, { mode: 0o600 });
            const said = execCheck(['--set', `auth.issuers=[{issuer: x, keys: [{file: ${file(name)}, algorithm: ${algorithm}}]}]`]);
            assert.ok(said.includes(file(name)), `${name}: ${said}`);
            assert.ok(!said.includes(text.slice(0, 16)) || !text, 'the key itself is not told');
        }
    });

    test('s16_a_token_that_is_remembered_is_judged_again', async () => {
        const token = good(rsa, { scope: 'read:organization' });
        for (let i = 0; i < 3; i++) {
            assert.equal((await got(token)).status, 200);
            assert.equal((await got(token, 'twine', `/pub/patient?filter[organization]=${ACME}`)).status, 403);
            assert.equal((await got(token, 'general', '/v1/patients')).status, 403);
        }
    });

    test('s17_a_token_ends_though_it_is_remembered', async () => {
        const token = good(rsa, { exp: Math.floor(Date.now() / 1000) + 3 });
        assert.equal(await status(token), 200);
        await sleep(4000);
        await refused(token);
    });

    test('s57_secrets_are_compared_in_constant_time', async () => {
        // The comparison that does not stop at the first difference is there; no other is used for what is secret.
        assert.match(execFileSync('nm', ['-D', binary], { encoding: 'utf8', maxBuffer: 1 << 26 }), / U CRYPTO_memcmp/);
        for (const [name, wanted] of [['keys.c', /CRYPTO_memcmp\(mac, signature/], ['client.c', /CRYPTO_memcmp\(found, wanted/]])
            assert.match(readFileSync(join(root, 'src/auth', name), 'utf8'), wanted);
        // Opaque tokens are found by their hash, so that a near miss is as far as any other. All misses are answered alike.
        const { token } = JSON.parse(gateway.cli('token', 'add', '--brand', 'acme', '--subject', 'legacy', '--scope', 'read:organization'));
        gateway.secrets.add(token);
        const mac = hs(SECRET);
        const miss = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
        const signature = mac.lastIndexOf('.') + 1;
        const said = new Set();
        for (const guess of [miss(token, 0), miss(token, token.length - 1), token.slice(0, -1), `${token}A`, miss(mac, signature), miss(mac, mac.length - 5)]) {
            const { status: code, text, headers } = await got(guess);
            said.add(`${code} ${headers['www-authenticate']} ${text.replaceAll(headers['x-request-id'], '')}`);
        }
        assert.equal(said.size, 1, [...said].join('\n'));
        assert.match([...said][0], /^401/);
    });
});
