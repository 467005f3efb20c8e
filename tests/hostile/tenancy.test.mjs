// Whose patient: the ids that a request names, wherever they stand, and those that the backend names. The backend is one that
// believes everything it is told, so that nothing but the gateway protects anybody.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, GLOBEX, clients, idsOf, person, request, startGateway } from '../e2e/harness.mjs';
import { startBackend } from './kit.mjs';

const T = { created_at: '2024-01-01T00:00:00.000Z', updated_at: '2024-01-01T00:00:00.000Z' };
const patientOf = (id, brand_id = 'acme', more = {}) => ({ id, brand_id, first_name: 'Qanary', last_name: 'x', date_of_birth: null, gender: null, email: null, phone: null, external_ids: {}, status: 'active', metadata: {}, ...T, ...more });
const encounterOf = (id, patient_id, more = {}) => ({ id, patient_id, brand_id: 'acme', encounter_type: 'office_visit', status: 'scheduled', metadata: {}, ...T, ...more });

describe('tenants, with the real backend', () => {
    let gateway, acme, globex, mine, theirs, hers;
    before(async () => {
        gateway = await startGateway();
        acme = clients(gateway);
        globex = clients(gateway, { brand: 'globex' });
        const made = async (all, brand) => {
            const patient = person();
            const id = (await all.graph.post('/v1/patients', { brand_id: brand, ...patient })).json.id;
            const twine = await all.twine.get(`/pub/patient?filter[organization]=${brand === 'acme' ? ACME : GLOBEX}&page[size]=50&page[number]=1`);
            return { id, email: patient.email, twine: twine.json.data.find((p) => p.attributes.email_address === patient.email)?.id };
        };
        mine = await made(acme, 'acme');
        hers = await made(acme, 'acme');
        theirs = await made(globex, 'globex');
        for (const one of [mine, hers]) one.twine ??= (await idsOf(acme, one.email)).twine;
        theirs.twine ??= (await globex.twine.get(`/pub/patient?filter[organization]=${GLOBEX}&page[size]=50`)).json.data.at(-1).id;
    });
    after(() => gateway.stop());
    const metric = (id) => ({ type: 'patient_health_metric', attributes: { type: 'weight', value: 1 }, relationships: { patient: { data: { type: 'patient', id } } } });
    const count = async () => (await acme.twine.get(`/pub/patient_health_metric?filter[patient]=${mine.twine}`)).json.meta.count;

    test('s30_items_of_a_bulk_request_are_judged_one_by_one', async () => {
        const before_ = await count(), nobody = 'aaaaaaaaaaaaaaaaaaaaaaaa';
        const told = [];
        for (const bad of [theirs.twine, nobody]) {
            const { json, status } = await acme.twine.post('/pub/patient_health_metric', { data: [metric(mine.twine), metric(bad), metric(mine.twine)] }, 409);
            assert.equal(status, 409);
            assert.deepEqual(json.errors.map((e) => e.source.pointer), ['/data/1/relationships/patient/data/id']);
            told.push(JSON.stringify(json.errors).replaceAll(bad, 'X'));
        }
        assert.equal(told[0], told[1], 'foreign like unknown');
        assert.equal(await count(), before_, 'nothing is stored');
        const bound = gateway.client('twine', { patient: mine.id });
        await bound.post('/pub/patient_health_metric', { data: [metric(mine.twine), metric(hers.twine)] }, 403);
        assert.equal(await count(), before_);
        assert.equal((await bound.post('/pub/patient_health_metric', { data: [metric(mine.twine)] }, ANY)).status, 200);
    });

    test('s30_look_ups_and_filters', async () => {
        const bound = gateway.client('twine', { patient: mine.id });
        for (const path of [`/pub/patient_health_metric?filter[patient]=${hers.twine}`, `/pub/calendar_event?filter[patient]=${hers.twine}`, `/pub/patient_health_metric?filter[patient]=aaaaaaaaaaaaaaaaaaaaaaaa`])
            await bound.get(path, 403);
        for (const path of [`/pub/patient_health_metric?filter[patient]=${theirs.twine}`, `/pub/calendar_event?filter[patient]=${theirs.twine}`, `/pub/patient?filter[organization]=${GLOBEX}`])
            assert.deepEqual((await acme.twine.get(path)).json.data, [], path);
        const query = (value, organization) => ({ data: { ...metric('x'), relationships: { patient: { data: { type: 'patient', meta: { query: { identifier: { system: 'medical-record-number', value }, organization } } } } } } });
        await bound.post('/pub/patient_health_metric', query('121212', ACME), 403);
        await acme.twine.post('/pub/patient_health_metric', query('121212', GLOBEX), 409);
    });

    test('s31_foreign_ids_are_answered_like_unknown_ones', async () => {
        const plain = (got, id) => JSON.stringify([got.status, got.text.replaceAll(got.headers['x-request-id'], '').replaceAll(id, 'X').replace(/"content-length":\d+/, ''), Object.keys(got.headers).sort()]);
        const nobody = 'aaaaaaaaaaaaaaaaaaaaaaaa';
        for (const [method, path, body] of [['GET', (id) => `/pub/patient/${id}`], ['PATCH', (id) => `/pub/patient/${id}`, (id) => ({ data: { type: 'patient', id, attributes: { note: 'n' } } })],
            ['GET', (id) => `/pub/patient_health_metric?filter[patient]=${id}`], ['POST', () => '/pub/patient_health_metric', (id) => ({ data: metric(id) })], ['GET', (id) => `/pub/calendar_event/${id}`], ['DELETE', (id) => `/pub/calendar_event/${id}`]]) {
            const ask = async (id) => plain(await acme.twine.call(method, path(id), { body: body?.(id) }), id);
            assert.equal(await ask(theirs.twine), await ask(nobody), `${method} ${path('ID')}`);
        }
    });
});

describe('tenants, with a backend that believes everything', () => {
    let gateway, backend, all, reply;
    before(async () => {
        backend = await startBackend((incoming, body) => reply(incoming, body));
        gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': backend.url } });
        all = clients(gateway);
    });
    after(async () => {
        await gateway.stop();
        await backend.stop();
    });
    const of = (dialect, options) => gateway.client(dialect, options);
    /** A Twine id for an entity: the gateway makes one when it shows it. */
    async function shown(encounter) {
        reply = () => ({ json: { encounters: [encounter], total: 1 } });
        return (await all.twine.get(`/pub/calendar_event?filter[organization]=${ACME}`)).json.data[0].id;
    }

    test('s30_what_the_backend_returns_is_judged', async () => {
        reply = () => ({ json: patientOf('p-1', 'globex') });
        await all.graph.get('/v1/patients/p-1', 404);
        reply = () => ({ json: { patients: [patientOf('p-1'), patientOf('p-2', 'globex')], total: 2 } });
        for (const [client, path] of [[all.graph, '/v1/patients?brand_id=acme'], [all.general, '/v1/patients'], [all.twine, `/pub/patient?filter[organization]=${ACME}`]]) {
            const { status, text } = await client.get(path, ANY);
            assert.equal(status, 502, text);
            assert.ok(!text.includes('Qanary'));
        }
        const bound = of('patient-graph', { patient: 'p-1' });
        reply = () => ({ json: patientOf('p-2') });
        await bound.get('/v1/patients/p-1', 404);
        reply = () => ({ json: { patients: [patientOf('p-1'), patientOf('p-2')], total: 2 } });
        await bound.get('/v1/patients?brand_id=acme', 502);
    });

    test('s30_an_entity_by_its_own_id_is_its_patient_s', async () => {
        const encounter = encounterOf('e-1', 'p-2'), id = await shown(encounter);
        const member = of('twine', { group: 'g-1', scope: 'read:encounters write:encounters' });
        let groups = ['g-2'];
        reply = ({ method, url }) => (url.includes('/groups') ? { json: { groups: groups.map((g) => ({ id: g, brand_id: 'acme', name: g, ...T })), total: 1 } } : method === 'DELETE' ? { json: encounter } : { json: encounter });
        const body = { data: { type: 'calendar_event', id, attributes: { title: 'Moved' } } };
        for (const who of [member, of('twine', { patient: 'p-1', scope: 'read:encounters write:encounters' })]) {
            backend.asked.length = 0;
            for (const [method, sent] of [['GET'], ['PATCH', body], ['DELETE']]) await who.call(method, `/pub/calendar_event/${id}`, { body: sent, status: 404 });
            assert.ok(backend.asked.every(({ method }) => method === 'GET'), 'nothing is written');
        }
        groups = ['g-3', 'g-1'];
        await member.get(`/pub/calendar_event/${id}`);
        await member.call('PATCH', `/pub/calendar_event/${id}`, { body, status: 200 });
        assert.equal((await request(gateway.port, 'DELETE', `/pub/calendar_event/${id}`, { headers: member.headers() })).status, 200);
        assert.equal(backend.asked.filter(({ method }) => method !== 'GET').length, 2);
    });

    test('s30_lists_of_a_principal_bound_to_groups', async () => {
        const member = of('general', { group: 'g-1' });
        reply = ({ url }) => ({ json: { patients: [patientOf('p-1', 'acme', { groups: url.includes('include=groups') ? ['g-1'] : undefined }), patientOf('p-2', 'acme', { groups: ['g-2'] })], total: 2 } });
        const { text } = await member.get('/v1/patients', 502);
        assert.ok(!text.includes('Qanary'));
        assert.match(backend.asked.at(-1).url, /group_id=g-1/);
    });

    test('s32_members_that_are_only_answered_are_never_taken', async () => {
        all.twine.judged = false; // what it says of its own is given back to it, from here on, and is no resource object
        const evil = { id: 'p-9', brand_id: 'globex', status: 'inactive', age: 5, active: false, archived: true, age_verified_at: T.created_at, ruo_acknowledged_at: T.created_at, created_at: '1999-01-01T00:00:00Z', updated_at: '1999-01-01T00:00:00Z',
            patient_id: 'p-9', groups: ['g-9'], group_ids: ['g-9'], is_admin: true, role: 'admin', metadata: { tenant: 'globex' }, __proto__x: 1, external_ids: { evil: 'x' } };
        const taken = new Set();
        reply = ({ method }, body) => { if (method !== 'GET') Object.keys(JSON.parse(body || '{}')).forEach((k) => taken.add(k)); return { status: method === 'POST' ? 201 : 200, json: patientOf('p-1') }; };
        await all.general.post('/v1/patients', { patient: { first_name: 'Qanary', last_name: 'x', date_of_birth: '1984-02-29', gender: 'x', ...evil } }, ANY);
        await all.general.put('/v1/patients/1', { patient: { gender: 'y', ...evil } }, ANY);
        await all.twine.post('/pub/patient', { data: { type: 'patient', ...evil, attributes: { first_name: 'Qanary', last_name: 'x', ...evil } } }, ANY);
        await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'x', is_admin: true, role: 'admin' }, ANY);
        for (const refused of ['id', 'age_verified_at', 'created_at']) await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'x', [refused]: evil[refused] }, 400);
        await all.graph.post('/v1/patients', { brand_id: 'globex', first_name: 'Qanary', last_name: 'x' }, 403);
        for (const name of ['id', 'status', 'age', 'active', 'archived', 'age_verified_at', 'ruo_acknowledged_at', 'created_at', 'updated_at', 'patient_id', 'groups', 'group_ids', 'is_admin', 'role', '__proto__x'])
            assert.ok(!taken.has(name), `${name} reached the backend: ${[...taken]}`);
        assert.ok(taken.has('first_name'), 'they did reach it');
        for (const { body } of backend.asked) assert.ok(!/globex|p-9|g-9/.test(body), body);
    });

    test('s33_members_that_no_mapping_names_are_never_shown', async () => {
        const canary = { ssn: 'Qanary-ssn', internal_notes: 'Qanary-notes', password_hash: 'Qanary-hash', _links: { self: 'Qanary-link' }, tenant: { secret: 'Qanary-tenant' } };
        reply = ({ url }) => (/\/patients\?|\/patients$/.test(url) ? { json: { patients: [patientOf('p-1', 'acme', canary)], total: 1, debug: 'Qanary-debug', ...canary } }
            : url.includes('metrics') ? { json: { metrics: [{ id: 'm-1', patient_id: 'p-1', brand_id: 'acme', metric_key: 'mood', value_numeric: 7, value_text: null, unit: null, source: 'api', is_phi: true, recorded_at: T.created_at, created_at: T.created_at, ...canary }], total: 1, ...canary } }
                : url.includes('encounters') ? { json: { encounters: [encounterOf('e-33', 'p-1', canary)], total: 1, ...canary } }
                    : { json: patientOf('p-1', 'acme', canary), headers: { 'x-debug': 'Qanary-header', 'x-powered-by': 'Qanary-server', server: 'Qanary-server', 'set-cookie': 'Qanary=1' } });
        const generalId = (await all.general.get('/v1/patients')).json.patients[0].id;
        for (const [client, path] of [[all.general, '/v1/patients'], [all.general, `/v1/patients/${generalId}`], [all.general, `/v1/patients/${generalId}/gauges`], [all.twine, `/pub/patient?filter[organization]=${ACME}`], [all.twine, `/pub/patient_health_metric?filter[organization]=${ACME}`],
            [all.twine, `/pub/calendar_event?filter[organization]=${ACME}`], [all.graph, '/v1/patients?brand_id=acme'], [all.graph, '/v1/patients/p-1'], [all.graph, '/v1/patients/p-1/safe'], [all.graph, '/v1/patients/p-1/encounters']]) {
            const { text, headers } = await client.get(path, ANY);
            assert.ok(!/Qanary-/.test(text), `${path}: ${text}`);
            assert.ok(!/Qanary/.test(JSON.stringify(headers)), path);
        }
    });
});
