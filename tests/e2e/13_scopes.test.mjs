// Scopes that stand for others; expired and foreign tokens. Every operation with and without its scopes: tests/hostile/matrix.test.mjs.
import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ANY, clients, idsOf, person, sleep, startGateway } from './harness.mjs';
import { keyPair } from './keys.mjs';

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

describe('who gets in', () => {
    let gateway, all, ids;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        const patient = person();
        await all.general.post('/v1/patients', { patient });
        ids = await idsOf(all, patient.email);
    });
    after(() => gateway.stop());

    // `token` issues no scope that grants nothing; whoever has the key can.
    function of(dialect, scope) {
        const [head, payload] = gateway.token(dialect).split('.'), key = createPrivateKey(readFileSync(join(gateway.stateDir, 'signing-key.pem')));
        const signing = `${head}.${Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url')), scope })).toString('base64url')}`;
        const token = `${signing}.${sign('sha256', Buffer.from(signing), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
        gateway.secrets.add(token);
        return gateway.client(dialect, { token });
    }

    test('manage: is both, admin:* is all, nothing else is a wildcard', async () => {
        for (const [scope, read, write] of [['manage:patients', 200, 201], ['admin:patients', 200, 201], ['admin:*', 200, 201], ['read:*', 403, 403], ['*', 403, 403],
            ['admin', 403, 403], ['Read:patients', 403, 403], ['write:patients', 403, 201], ['read:patients', 200, 403], ['manage:*', 403, 403], ['admin:metrics', 403, 403]]) {
            const client = of('general', scope);
            await client.get('/v1/patients', read);
            await client.post('/v1/patients', { patient: person() }, write);
        }
    });

    test('the default token of the command line may not delete', () => all.graph.delete(`/v1/patients/${ids.graph}`, 403));

    // Tokens of another issuer, made here: every claim can be wrong.
    const { privateKey, publicKey } = keyPair('ec', { namedCurve: 'P-256' });
    const stranger = keyPair('ec', { namedCurve: 'P-256' }).privateKey;
    const now = () => Math.floor(Date.now() / 1000);
    const claims = (more = {}) => ({ iss: 'https://login.test/', aud: 'dragoman', sub: 'tester', brand_id: 'acme', scope: 'read:patients', iat: now(), exp: now() + 300, ...more });
    function jwt(payload, { header = {}, key = privateKey } = {}) {
        const signing = `${b64({ alg: 'ES256', typ: 'JWT', ...header })}.${b64(payload)}`;
        return `${signing}.${sign('sha256', Buffer.from(signing), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    }

    describe('tokens of another issuer', () => {
        let other;
        const status = async (token, path = '/v1/patients/1049') => {
            other.secrets.add(token);
            return (await other.client('general', { token }).get(path, ANY)).status;
        };
        before(async () => {
            const pem = join(gateway.stateDir, 'login.pem');
            writeFileSync(pem, publicKey.export({ type: 'spki', format: 'pem' }));
            const config = join(gateway.stateDir, 'issuers.yaml');
            writeFileSync(config, `${readFileSync(new URL('../../conf/dragoman.yaml', import.meta.url), 'utf8').replace(/^  issuers: \[\]$/m,
                `  issuers:\n    - issuer: https://login.test/\n      keys:\n        - { file: ${pem}, algorithm: ES256 }`)
                .replace(/^mappings:.*$/m, `mappings: ${new URL('../../mappings', import.meta.url).pathname}`)}`);
            other = await startGateway({ config });
        });
        after(() => other.stop());

        test('good ones', async () => {
            for (const more of [{}, { scope: undefined, scp: ['read:patients'] }, { scope: undefined, scp: 'read:patients other' }, { scope: undefined, scopes: ['x', 'read:patients'] },
                { scope: ['read:patients'] }, { brand_id: undefined, brand: 'acme' }, { aud: ['x', 'dragoman'] }, { nbf: now() - 5 }])
                assert.equal(await status(jwt(claims(more))), 200, JSON.stringify(more));
        });

        test('claims that are wrong: 401', async () => {
            for (const more of [{ exp: now() - 120 }, { exp: undefined }, { exp: String(now() + 300) }, { exp: 1e400 }, { exp: -1 }, { exp: null }, { nbf: now() + 300 }, { nbf: 'x' },
                { aud: 'other' }, { aud: undefined }, { aud: [] }, { aud: 7 }, { iss: 'https://evil.test/' }, { iss: undefined }, { iss: 'https://login.test' }])
                assert.equal(await status(jwt(claims(more))), 401, JSON.stringify(more));
        });

        test('signatures and heads that are wrong: 401', async () => {
            const good = jwt(claims());
            const [h, p, s] = good.split('.');
            const pem = publicKey.export({ type: 'spki', format: 'pem' });
            const hs = (secret) => { const signing = `${b64({ alg: 'HS256', typ: 'JWT' })}.${p}`; return `${signing}.${createHmac('sha256', secret).update(signing).digest('base64url')}`; };
            for (const token of [jwt(claims(), { key: stranger }), `${b64({ alg: 'none' })}.${p}.`, `${b64({ alg: 'none' })}.${p}.${s}`, `${b64({ alg: 'nOnE' })}.${p}.`, hs(pem), hs(pem.trim()),
                hs(''), jwt(claims(), { header: { alg: 'ES384' } }), jwt(claims(), { header: { alg: 'RS256' } }), jwt(claims(), { header: { crit: ['x'], x: 1 } }),
                `${h}.${p}.${s}=`, `${h}.${p}`, `${h}.${p}.${s}.x`, `${h}.${p}.${s.slice(0, -1)}`, `${h}.${b64(claims({ scope: 'admin:*' }))}.${s}`, `${b64('[]')}.${p}.${s}`,
                `${h}.${Buffer.from(`{"exp":1,${JSON.stringify(claims()).slice(1)}`).toString('base64url')}.${s}`])
                assert.equal(await status(token), 401, token.slice(0, 60));
        });

        test('no scope, no brand, nobody\'s patient: 403', async () => {
            for (const more of [{ scope: '' }, { scope: undefined }, { scope: 7 }, { scope: { a: 1 } }, { scope: [['read:patients']] }, { brand_id: undefined }, { brand_id: '' }, { brand_id: 7 },
                { patient_id: '' }, { patient_id: [] }, { patient_id: 7 }, { patient_id: null }, { patient_id: 'someone-else' }])
                assert.equal(await status(jwt(claims(more))), 403, JSON.stringify(more));
        });

        test('an administrator without a brand names one', async () => {
            const admin = jwt(claims({ scope: 'admin:*', brand_id: undefined }));
            const graph = other.client('patient-graph', { token: admin });
            await graph.get('/v1/patients?brand_id=acme', 403);
            assert.ok((await graph.get('/v1/patients?brand_id=acme', 200, { 'x-brand-id': 'acme' })).json.total > 0);
            const plain = other.client('patient-graph', { token: jwt(claims()) });
            const { json } = await plain.get('/v1/patients?brand_id=acme', 200, { 'x-brand-id': 'acme' });
            assert.ok(json.total > 0);
            await plain.get('/v1/patients?brand_id=globex', 403, { 'x-brand-id': 'globex' });
        });

        test('a token dies at its time though it was seen before', async () => {
            const brief = jwt(claims({ exp: now() - 27 })); // 30 s of skew are forgiven: three are left
            assert.equal(await status(brief), 200);
            await sleep(4500);
            assert.equal(await status(brief), 401);
        });
    });
});
