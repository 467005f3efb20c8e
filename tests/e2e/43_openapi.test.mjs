// `dragoman openapi`: the description passes a linter, and the gateway's real answers and its own examples fit it.
import { createConfig, lintFromString } from '@redocly/openapi-core';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { describeDialect, fill, load, make, query } from './bodies.mjs';
import { ACME, ANY, binary, clients, document, person, request, root, sleep, startGateway, transport } from './harness.mjs';
import { encode, ids, known, send, startRecorded } from './recorder.mjs';

const settings = ['-c', `${root}/conf/dragoman.yaml`];
const run = (...args) => spawnSync(binary, ['openapi', ...args, ...settings], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });

const dialects = ['general', 'patient-graph', 'twine', 'fhir', 'oauth'];

const config = await createConfig({ extends: ['recommended'] });

describe('descriptions', () => {
    for (const dialect of dialects)
        test(`${dialect}: the linter finds no error`, async () => {
            const source = run('--dialect', dialect).stdout;
            const problems = await lintFromString({ source, absoluteRef: `${dialect}.json`, config });
            assert.deepEqual(problems.filter((p) => p.severity === 'error').map((p) => [p.ruleId, p.message, p.location[0]?.pointer]), []);
        });

    for (const dialect of dialects)
        test(`${dialect}: every operation says what it needs, and every schema compiles`, () => {
            const { api, ajv } = load(dialect);
            const operations = Object.values(api.paths).flatMap((path) => Object.values(path));
            assert.ok(operations.length > 0);
            assert.equal(new Set(operations.map((o) => o.operationId)).size, operations.length);
            for (const operation of operations) {
                assert.ok(operation.security.length === 0 || operation.security[0].token.length > 0, operation.operationId);
                assert.ok(Object.keys(operation.responses).some((status) => status >= 400), operation.operationId);
            }
            for (const name of Object.keys(api.components.schemas))
                assert.ok(ajv.getSchema(`api:///#/components/schemas/${name}`), name);
        });

    test('examples are values of their schemas', () => {
        let count = 0;
        for (const dialect of dialects) {
            const { api, check } = load(dialect);
            for (const [name, schema] of Object.entries(api.components.schemas))
                for (const example of schema.examples ?? []) {
                    check(['components', 'schemas', name], example, `${dialect} ${name}`);
                    count++;
                }
        }
        assert.ok(count >= 4, `only ${count} examples`);
    });

    test('read-only members are not asked for, required ones are', () => {
        const { api } = load('general');
        const { patient, patientCreate } = api.components.schemas;
        assert.ok('age' in patient.properties && !('age' in patientCreate.properties));
        assert.deepEqual(patientCreate.required, ['first_name', 'last_name', 'date_of_birth']);
        assert.deepEqual(api.paths['/v1/patients'].post.security, [{ token: ['write:patients'] }]);
    });

    test('look-ups, flags, what is included, and walks', () => {
        const { api, check } = load('twine');
        const body = (path, method) => api.paths[path][method].requestBody.content['application/vnd.api+json'].schema;
        const takes = (path, method, value) => check(['paths', path, method, 'requestBody', 'content', 'application/vnd.api+json', 'schema'], value, `${method} ${path}`);
        const refuses = (path, method, value) => assert.throws(() => takes(path, method, value), `${method} ${path} takes ${JSON.stringify(value)}`);
        const upsert = JSON.parse(JSON.stringify({ meta: { query: { identifier: { system: 'a', value: 'b' }, groups: ['c'] } }, data: { type: 'patient', attributes: { note: 'x' } } }));
        takes('/patient', 'put', upsert);
        refuses('/patient', 'put', { data: upsert.data });
        refuses('/patient', 'put', { ...upsert, meta: {} });
        refuses('/patient', 'put', { ...upsert, meta: { query: { identifier: { system: 'a' }, groups: ['c'] } } });
        refuses('/patient', 'put', { ...upsert, meta: { query: { ...upsert.meta.query, groups: 'c' } } });
        const metric = JSON.parse(document('twine-metric.json'));
        takes('/patient_health_metric', 'post', metric);
        takes('/patient_health_metric', 'post', { meta: { ignore_duplicates: true }, data: [metric.data] });
        refuses('/patient_health_metric', 'post', { ...metric, meta: { ignore_duplicates: 'yes' } });
        delete metric.data.relationships.patient.data.meta.query.identifier.system;
        refuses('/patient_health_metric', 'post', metric);
        takes('/patient', 'post', JSON.parse(document('twine-patient.json')));
        const names = (path) => api.paths[path].get.parameters.map(({ name }) => name);
        for (const name of ['include', 'page[limit]', 'page[cursor]', 'page[after]', 'sort']) assert.ok(names('/calendar_event').includes(name), name);
        assert.ok(api.paths['/oauth/token'].post.parameters.some(({ name }) => name === 'include'));
        for (const name of ['include', 'page[limit]']) assert.ok(!names('/group').includes(name), name);
        const { schema } = api.paths['/health_profile_answer'].get.parameters.find(({ name }) => name === 'page[size]');
        assert.deepEqual([schema.default, schema.maximum], [50, 100]);
        assert.ok(body('/patient', 'put').required.includes('meta'));
    });

    test('wrong usage', () => {
        for (const args of [[], ['--dialect', 'none'], ['--dialect', 'general', 'x']]) assert.equal(run(...args).status, 2);
    });
});

describe('the gateway answers as described', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    test('General', async () => {
        const api = load('general'), { general } = all;
        const made = api.answer(await general.post('/v1/patients', { patient: person({ email: 'none at all', address: { street: '1 Main St' } }) }));
        api.answer(await general.get('/v1/patients?page=1&page_size=5'));
        api.answer(await general.get(`/v1/patients/${made.json.id}`));
        api.answer(await general.put(`/v1/patients/${made.json.id}`, { patient: { phone: '555', address: null } }));
        api.answer(await general.post(`/v1/patients/${made.json.id}/gauges`, { gauge: { gauge_type: 'mood', value: 7, notes: 'x' } }));
        api.answer(await general.post(`/v1/patients/${made.json.id}/gauges`, { gauge: { gauge_type: 'words', value: 'high' } }));
        api.answer(await general.get(`/v1/patients/${made.json.id}/gauges`));
        api.answer(await general.post('/v1/patients', { patient: {} }, 422));
        api.answer(await general.post('/v1/patients', {}, 400));
        api.answer(await general.post('/v1/patients', '{', 400));
        api.answer(await general.get('/v1/patients/999999999', 404));
        api.answer(await gateway.client('general', { scope: 'read:metrics' }).get('/v1/patients', 403));
    });

    test('Twine', async () => {
        const api = load('twine'), { twine } = all;
        api.answer(await twine.get(`/pub/patient?filter[organization]=${ACME}&page[size]=3`));
        const made = api.answer(await twine.post('/pub/patient', { data: { type: 'patient', attributes: {
            first_name: 'A', last_name: 'B', phone_numbers: [{ value: '1', type: 'home' }], identifiers: [{ system: 'S', value: `${Date.now()}` }], own: { more: 1 } } } }));
        api.answer(await twine.get(`/pub/patient/${made.json.data.id}`));
        api.answer(await twine.patch(`/pub/patient/${made.json.data.id}`, { data: { type: 'patient', attributes: { gender: 'other' } } }));
        api.answer(await twine.post('/pub/patient_health_metric', document('twine-metric.json'), 200));
        api.answer(await twine.get(`/pub/patient_health_metric?filter[organization]=${ACME}`));
        api.answer(await twine.get(`/pub/group?filter[organization]=${ACME}`));
        api.answer(await twine.get(`/pub/organization/${ACME}`));
        api.answer(await twine.post('/pub/patient', { data: { type: 'patient', attributes: {} } }, 409));
        api.answer(await twine.post('/pub/patient', '{', 400));
        api.answer(await twine.get(`/pub/patient/${'0'.repeat(24)}`, 404));
    });

    test('tokens, as Twine and as RFC 6749 have them', async () => {
        const group = JSON.parse(gateway.cli('client', 'add', '--name', 'openapi', '--brand', 'acme'));
        gateway.secrets.add(group.client_secret);
        await sleep(1100); // a record added by another process is seen within one second
        const { client_id, client_secret } = group, api = load('twine'), oauth = load('oauth'), { twine } = all;
        const made = api.answer(await twine.post('/pub/oauth/token', { data: { type: 'token', attributes: { grant_type: 'client_credentials', client_id, client_secret } } }, ANY));
        assert.equal(made.status, 201, made.text);
        const { id, attributes: { access_token: token } } = made.json.data;
        const own = gateway.client('twine', { token });
        gateway.secrets.add(token);
        api.answer(await own.get(`/pub/oauth/token/${id}/groups`));
        api.answer(await own.get(`/pub/oauth/token/${id}/organization`));
        api.answer(await own.get('/pub/oauth/token/other/groups', 404));
        api.answer(await own.get('/pub/oauth/token/other/organization', 404));
        api.answer(await twine.post('/pub/oauth/token', { data: { type: 'token', attributes: { grant_type: 'client_credentials', client_id, client_secret: 'wrong' } } }, ANY));

        const form = async (path, fields) => {
            const body = new URLSearchParams(fields).toString();
            return oauth.answer(await request(gateway.port, 'POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }, body }));
        };
        const plain = await form('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret });
        assert.equal(plain.status, 200, plain.text);
        gateway.secrets.add(plain.json.access_token);
        assert.ok((await form('/oauth/token', { grant_type: 'client_credentials', client_id, client_secret: 'wrong' })).status >= 400);
        assert.equal((await form('/oauth/revoke', { token: plain.json.access_token, client_id, client_secret })).status, 200);
        assert.ok((await form('/oauth/revoke', { token: 'x' })).status >= 400);
        for (const path of Object.keys(oauth.api.paths).filter((one) => oauth.api.paths[one].get)) {
            const got = oauth.answer(await request(gateway.port, 'GET', path));
            assert.equal(got.status, /authorization-server/.test(path) ? 404 : 200, path); // this issuer has no address
        }
    });

    test('patient-graph', async () => {
        const api = load('patient-graph'), { graph } = all;
        const made = api.answer(await graph.post('/v1/patients', { brand_id: 'acme', first_name: 'A', last_name: 'B' }));
        api.answer(await graph.get('/v1/patients?brand_id=acme&limit=5'));
        api.answer(await graph.get(`/v1/patients/${made.json.id}`));
        api.answer(await graph.patch(`/v1/patients/${made.json.id}`, { phone: '555' }));
        api.answer(await graph.post(`/v1/patients/${made.json.id}/metrics`, { metric_key: 'weight', value_numeric: '70.10', source: 'api', recorded_at: '2024-01-01T10:00:00Z' }));
        api.answer(await graph.get(`/v1/patients/${made.json.id}/metrics`));
        api.answer(await graph.get(`/v1/patients/${made.json.id}/metrics/weight`));
        api.answer(await graph.post('/v1/patients', { brand_id: 'acme', first_name: 1 }, 400));
        api.answer(await graph.get('/v1/patients/no-such', 404));
    });

    test('FHIR', async () => {
        const api = load('fhir'), fhir = gateway.client('fhir');
        const made = api.answer(await fhir.post('/fhir/Patient', { resourceType: 'Patient', name: [{ family: 'B', given: ['A'] }], telecom: [{ system: 'phone', value: '1' }] }));
        api.answer(await fhir.get(`/fhir/Patient/${made.json.id}`));
        api.answer(await fhir.put(`/fhir/Patient/${made.json.id}`, { ...made.json, gender: 'female' }));
        api.answer(await fhir.get('/fhir/Patient?_count=3'));
        api.answer(await fhir.get('/fhir/Patient?_id=no-such'));
        api.answer(await fhir.get('/fhir/metadata'));
        api.answer(await fhir.get('/fhir/Patient?_count=x', 400));
        api.answer(await fhir.post('/fhir/Patient', { resourceType: 'Patient' }, 422));
        api.answer(await fhir.get('/fhir/Patient/no-such', 404));
    });
});

// What has no success here, and where it has: tokens need a client, and are tried above.
const elsewhere = { twine: ['createToken', 'fetchTokenGroups', 'fetchTokenOrganization'] };

/** One filter by patient, group or organization at a time: some lists want one of them. */
const filters = ({ parameters = [] }, id) => parameters.filter((p) => p.in === 'query' && /patient|group|organization|receiver/.test(p.name))
    .map((p) => `${p.name}=${/organization/.test(p.name) ? ids.BRAND : id}`);

// Each operation of each dialect, with a document made from its own schema, in front of a backend that has one of everything.
describe('every operation answers as described', { skip: transport === 'curl' && 'nothing of it is about the transport' }, () => {
    let recorder, gateway, tokens;
    before(async () => ({ recorder, gateway, tokens } = await startRecorded()));
    after(async () => {
        await gateway.stop();
        await recorder.stop();
    });

    for (const [dialect, id] of Object.entries(ids.spelled))
        test(dialect, async () => {
            const api = load(dialect), reached = new Map();
            recorder.own.id = `c-${dialect}`;
            const operations = describeDialect(dialect).operations.sort((a, b) => (a.method === 'DELETE') - (b.method === 'DELETE'));
            const ask = async (operation, body, asked, as = tokens) => {
                const own = operation.template.startsWith('/organization') ? ids.BRAND : id;
                const got = api.answer(await send(gateway, recorder, as, operation, fill(operation, own) + (asked && `?${asked}`), body));
                const found = reached.get(operation.operationId);
                if (got.status < 400) found.good = true;
                else found.bad.push(`${got.status} ${got.text.slice(0, 300)}`);
            };
            for (const operation of operations) {
                reached.set(operation.operationId, { good: false, bad: [] });
                const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
                const needed = query(operation, 'least', id);
                const body = (how) => known(encode(operation, schema && make(operation.api, schema, how, id)));
                for (const how of schema ? ['example', 'whole', 'least'] : ['least']) await ask(operation, body(how), needed);
                for (const filter of schema ? [] : filters(operation, id)) await ask(operation, undefined, [needed, filter].filter(Boolean).join('&'));
                if (schema) await ask(operation, '{', needed);
                await ask(operation, body('least'), needed, {});
            }
            for (const [name, { good, bad }] of reached) {
                assert.ok(good || elsewhere[dialect]?.includes(name), `${name}: ${bad.join('\n')}`);
                assert.ok(bad.length || name === 'capabilities', `${name} never failed`);
            }
        });
});
