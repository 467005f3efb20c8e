// Every operation without its scope, with it, and with the scopes that stand for it; expired and foreign tokens.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, clients, idsOf, person, sleep, startGateway } from './harness.mjs';

/** Dialect, method, path (with an id of the dialect), scope, body. */
const operations = (ids) => [
    ['general', 'GET', '/v1/patients', 'read:patients'],
    ['general', 'POST', '/v1/patients', 'write:patients', { patient: person() }],
    ['general', 'GET', `/v1/patients/${ids.general}`, 'read:patients'],
    ['general', 'PUT', `/v1/patients/${ids.general}`, 'write:patients', { patient: { gender: 'x' } }],
    ['general', 'GET', `/v1/patients/${ids.general}/gauges`, 'read:metrics'],
    ['twine', 'GET', `/pub/organization/${ACME}`, 'read:organization'],
    ['twine', 'GET', `/pub/group?filter[organization]=${ACME}`, 'read:organization'],
    ['twine', 'POST', '/pub/group', 'write:organization', { data: { type: 'group', attributes: { name: person().last_name } } }],
    ['twine', 'GET', `/pub/group/${ids.group}`, 'read:organization'],
    ['twine', 'GET', `/pub/patient?filter[organization]=${ACME}`, 'read:patients'],
    ['twine', 'POST', '/pub/patient', 'write:patients', { data: { type: 'patient', attributes: { first_name: 'Qanary', last_name: 'x' } } }],
    ['twine', 'GET', `/pub/patient/${ids.twine}`, 'read:patients'],
    ['twine', 'PATCH', `/pub/patient/${ids.twine}`, 'write:patients', { data: { type: 'patient', id: ids.twine, attributes: { note: 'n' } } }],
    ['twine', 'GET', `/pub/patient_health_metric?filter[patient]=${ids.twine}`, 'read:metrics'],
    ['twine', 'POST', '/pub/patient_health_metric', 'write:metrics', { data: { type: 'patient_health_metric', attributes: { type: 'weight', value: 1 },
        relationships: { patient: { data: { type: 'patient', id: ids.twine } } } } }],
    ['patient-graph', 'GET', '/v1/patients?brand_id=acme', 'read:patients'],
    ['patient-graph', 'POST', '/v1/patients', 'write:patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'x' }],
    ['patient-graph', 'GET', `/v1/patients/${ids.graph}`, 'read:patients'],
    ['patient-graph', 'PATCH', `/v1/patients/${ids.graph}`, 'write:patients', { gender: 'x' }],
    ['patient-graph', 'GET', `/v1/patients/${ids.graph}/safe`, 'read:patients'],
    ['patient-graph', 'GET', `/v1/patients/${ids.graph}/metrics`, 'read:metrics'],
    ['patient-graph', 'POST', `/v1/patients/${ids.graph}/metrics`, 'write:metrics', { metric_key: 'mood', value_numeric: '3', source: 'api', recorded_at: '2024-01-01T00:00:00Z' }],
    ['patient-graph', 'GET', `/v1/patients/${ids.graph}/metrics/mood`, 'read:metrics'],
    ['patient-graph', 'GET', `/v1/patients/${ids.graph}/encounters`, 'read:encounters'],
    ['patient-graph', 'POST', `/v1/patients/${ids.graph}/encounters`, 'write:encounters', { brand_id: 'acme', encounter_type: 'lab' }],
    ['fhir', 'GET', '/fhir/Patient', 'read:patients'],
    ['fhir', 'POST', '/fhir/Patient', 'write:patients', { resourceType: 'Patient', name: [{ family: 'x', given: ['Qanary'] }] }],
    ['fhir', 'GET', `/fhir/Patient/${ids.graph}`, 'read:patients'],
    ['fhir', 'PUT', `/fhir/Patient/${ids.graph}`, 'write:patients', { resourceType: 'Patient', id: ids.graph, name: [{ family: 'x', given: ['Qanary'] }] }],
    ['fhir', 'GET', `/fhir/Encounter?patient=${ids.graph}`, 'read:encounters'],
    ['fhir', 'POST', '/fhir/Encounter', 'write:encounters', { resourceType: 'Encounter', status: 'planned', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject: { reference: `Patient/${ids.graph}` } }],
    ['fhir', 'GET', `/fhir/Observation?patient=${ids.graph}`, 'read:metrics'],
    ['fhir', 'POST', '/fhir/Observation', 'write:metrics', { resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] }, subject: { reference: `Patient/${ids.graph}` }, valueQuantity: { value: 1 } }],
    ['patient-graph', 'DELETE', `/v1/patients/${ids.graph}`, 'admin:patients'],
];

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

describe('who gets in', () => {
    let gateway, all, ids, table;
    const everything = 'read:patients write:patients read:metrics write:metrics read:encounters write:encounters read:organization write:organization admin:patients';
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        const patient = person();
        await all.general.post('/v1/patients', { patient });
        ids = await idsOf(all, patient.email);
        ids.group = (await all.twine.get(`/pub/group?filter[organization]=${ACME}`)).json.data[0].id;
        table = operations(ids);
    });
    after(() => gateway.stop());

    const of = (dialect, scope) => gateway.client(dialect, { scope });

    test('without its scope every operation is 403, whatever else the token holds', async () => {
        for (const [dialect, method, path, scope, body] of table) {
            const others = everything.split(' ').filter((s) => s !== scope && !(scope !== 'admin:patients' && s === 'admin:patients' && scope.endsWith(':patients')));
            const { headers } = await of(dialect, others.join(' ')).call(method, path, { body, status: 403 });
            assert.match(headers['www-authenticate'] ?? '', /insufficient_scope/, `${method} ${path}`);
        }
    });

    test('with its scope every operation works; deleting comes last', async () => {
        for (const [dialect, method, path, scope, body] of table) {
            const { status, text } = await of(dialect, scope).call(method, path, { body });
            assert.ok(status < 300, `${dialect} ${method} ${path} with ${scope}: ${status} ${text}`);
        }
        await all.graph.get(`/v1/patients/${ids.graph}`, 404);
        await all.general.get(`/v1/patients/${ids.general}`, 404);
        await all.twine.get(`/pub/patient/${ids.twine}`, 404);
    });

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
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
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
