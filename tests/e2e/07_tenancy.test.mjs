// Issue 2, point 7: nothing of brand B is seen, listed or changed with a token of brand A; missing and foreign look alike.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, GLOBEX, clients, document, idsOf, person, request, startGateway } from './harness.mjs';

const NOWHERE = { general: 987654321, twine: 'aaaaaaaaaaaaaaaaaaaaaaaa', graph: '00000000-0000-4000-8000-000000000000' };

describe('two brands', () => {
    let gateway, acme, globex, theirs, theirMetric, theirGroup, mine;

    /** The answers to the same call for a foreign and a missing id are the same but for the request id. */
    function alike(foreign, missing, ids) {
        assert.equal(foreign.status, missing.status);
        const plain = (got) => got.text.replaceAll(got.headers['x-request-id'], 'ID').replaceAll(String(ids[0]), 'X').replaceAll(String(ids[1]), 'X');
        assert.equal(plain(foreign), plain(missing));
        const names = (got) => Object.keys(got.headers).sort();
        assert.deepEqual(names(foreign), names(missing));
    }

    before(async () => {
        gateway = await startGateway();
        acme = clients(gateway);
        globex = clients(gateway, { brand: 'globex' });
        // Globex's patient has the name, e-mail address and identifier that acme's searches ask for.
        const patient = person();
        await globex.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: patient.first_name, last_name: patient.last_name,
            email_address: patient.email, identifiers: [{ system: 'medical-record-number', value: 'globex-1' }] },
        relationships: JSON.parse(document('twine-patient.json')).data.relationships } });
        const search = `?search=${encodeURIComponent(patient.email)}`;
        theirs = {
            email: patient.email,
            general: (await globex.general.get(`/v1/patients${search}`)).json.patients[0].id,
            twine: (await globex.twine.get(`/pub/patient?filter[organization]=${GLOBEX}&page[size]=50`)).json.data.find((p) => p.attributes.email_address === patient.email).id,
            graph: (await globex.graph.get('/v1/patients?brand_id=globex&limit=200')).json.patients.find((p) => p.email === patient.email).id,
        };
        theirMetric = (await globex.graph.post(`/v1/patients/${theirs.graph}/metrics`,
            { metric_key: 'weight', value_numeric: '77.7', source: 'api', recorded_at: '2024-01-01T00:00:00Z' })).json;
        theirGroup = (await globex.twine.get(`/pub/group?filter[organization]=${GLOBEX}`)).json.data[0].id;
        const own = person();
        await acme.general.post('/v1/patients', { patient: own });
        mine = await idsOf(acme, own.email);
    });
    after(async () => {
        // Whatever acme tried, globex's patient is as it was.
        const { json } = await globex.graph.get(`/v1/patients/${theirs.graph}`);
        assert.equal(json.email, theirs.email);
        assert.equal(json.first_name, 'Qanary');
        await gateway.stop();
    });

    test('by id: General', async () => {
        // General's integers are per brand: the number may name a patient of acme's own, so a number only globex has is made.
        let last = theirs.general;
        for (let n = 0; n < 40 && (await acme.general.get(`/v1/patients/${last}`, ANY)).status === 200; n++)
            last = (await globex.general.post('/v1/patients', { patient: person() })).json.id;
        const calls = [
            (id) => acme.general.get(`/v1/patients/${id}`, 404),
            (id) => acme.general.put(`/v1/patients/${id}`, { patient: { phone: '1' } }, 404),
            (id) => acme.general.get(`/v1/patients/${id}/gauges`, 404),
            (id) => acme.general.post(`/v1/patients/${id}/gauges`, { gauge: { gauge_type: 'mood', value: 1 } }, 404),
        ];
        for (const call of calls) alike(await call(last), await call(NOWHERE.general), [last, NOWHERE.general]);
    });

    test('by id: Twine', async () => {
        const calls = [
            (id) => acme.twine.get(`/pub/patient/${id}`, 404),
            (id) => acme.twine.patch(`/pub/patient/${id}`, { data: { type: 'patient', id, attributes: { first_name: 'Mallory' } } }, 404),
        ];
        for (const call of calls) alike(await call(theirs.twine), await call(NOWHERE.twine), [theirs.twine, NOWHERE.twine]);
        alike(await acme.twine.get(`/pub/group/${theirGroup}`, 404), await acme.twine.get(`/pub/group/${NOWHERE.twine}`, 404), [theirGroup, NOWHERE.twine]);
        alike(await acme.twine.get(`/pub/organization/${GLOBEX}`, 404), await acme.twine.get(`/pub/organization/${NOWHERE.twine}`, 404), [GLOBEX, NOWHERE.twine]);
    });

    test('by id: patient-graph', async () => {
        const admin = gateway.client('patient-graph', { scope: 'admin:patients read:patients write:patients' });
        const metric = { metric_key: 'weight', value_numeric: '1', source: 'api', recorded_at: '2024-01-01T00:00:00Z' };
        const calls = [
            (id) => acme.graph.get(`/v1/patients/${id}`, 404),
            (id) => acme.graph.get(`/v1/patients/${id}/safe`, 404),
            (id) => acme.graph.patch(`/v1/patients/${id}`, { first_name: 'Mallory' }, 404),
            (id) => acme.graph.get(`/v1/patients/${id}/metrics`, 404),
            (id) => acme.graph.get(`/v1/patients/${id}/metrics/weight`, 404),
            (id) => acme.graph.post(`/v1/patients/${id}/metrics`, metric, 404),
            (id) => acme.graph.get(`/v1/patients/${id}/encounters`, 404),
            (id) => acme.graph.post(`/v1/patients/${id}/encounters`, { brand_id: 'acme', encounter_type: 'lab' }, 404),
            (id) => admin.delete(`/v1/patients/${id}`, 200),
        ];
        for (const call of calls) alike(await call(theirs.graph), await call(NOWHERE.graph), [theirs.graph, NOWHERE.graph]);
        assert.deepEqual((await admin.delete(`/v1/patients/${theirs.graph}`)).json, { status: 'not_present', rows_affected: {} });
    });

    test('by filter, search and list', async () => {
        assert.equal((await acme.general.get(`/v1/patients?search=${encodeURIComponent(theirs.email)}`)).json.patients.length, 0);
        const org = `/pub/patient?filter[organization]=${ACME}`;
        for (const path of [`/pub/patient?filter[organization]=${GLOBEX}`, `/pub/patient?filter[groups]=${theirGroup}`, `/pub/patient?filter[groups]=${NOWHERE.twine}`,
            `${org}&filter[identifier][system]=medical-record-number&filter[identifier][value]=globex-1`,
            `/pub/patient_health_metric?filter[patient]=${theirs.twine}`, `/pub/patient_health_metric?filter[organization]=${GLOBEX}`,
            `/pub/group?filter[organization]=${GLOBEX}`]) {
            const { json } = await acme.twine.get(path);
            assert.deepEqual(json.data, [], path);
            assert.equal(json.meta.count, 0, path);
        }
        alike(await acme.twine.get(`/pub/patient?filter[groups]=${theirGroup}`), await acme.twine.get(`/pub/patient?filter[groups]=${NOWHERE.twine}`), [theirGroup, NOWHERE.twine]);
        const all = (await acme.twine.get(`${org}&page[size]=50`)).json.data;
        assert.ok(all.length > 0 && all.every((p) => p.attributes.email_address !== theirs.email));
        assert.ok((await acme.graph.get('/v1/patients?brand_id=acme&limit=200')).json.patients.every((p) => p.brand_id === 'acme'));
        const { json } = await acme.graph.get('/v1/patients?brand_id=globex', 403);
        assert.equal(json.error, 'forbidden');
    });

    test('in a body', async () => {
        const metric = (id) => ({ data: { type: 'patient_health_metric', attributes: { type: 'weight', value: 1 }, relationships: { patient: { data: { type: 'patient', id } } } } });
        const post = (id) => acme.twine.post('/pub/patient_health_metric', metric(id), 409);
        alike(await post(theirs.twine), await post(NOWHERE.twine), [theirs.twine, NOWHERE.twine]);
        const member = (id) => acme.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Qanary', last_name: 'x' },
            relationships: { groups: { data: [{ type: 'group', id }] } } } }, 409);
        alike(await member(theirGroup), await member(NOWHERE.twine), [theirGroup, NOWHERE.twine]);
        const upsert = (id) => acme.twine.call('PUT', '/pub/patient', { body: { meta: { query: { identifier: { system: 'medical-record-number', value: 'globex-1' }, groups: [id] } },
            data: { type: 'patient', attributes: { first_name: 'Mallory', last_name: 'x' } } }, status: 409 });
        alike(await upsert(theirGroup), await upsert(NOWHERE.twine), [theirGroup, NOWHERE.twine]);
        const lookup = JSON.parse(document('twine-metric.json'));
        lookup.data.relationships.patient.data.meta.query.identifier.value = 'globex-1';
        await acme.twine.post('/pub/patient_health_metric', lookup, 409);
        lookup.data.relationships.patient.data.meta.query.organization = GLOBEX;
        await acme.twine.post('/pub/patient_health_metric', lookup, 409);
        // The documents' own example names globex's organization.
        const { json } = await acme.twine.post('/pub/patient', document('twine-patient.json'), 409);
        assert.equal(json.errors[0].code, 'InvalidBodyParameter');
        for (const body of [{ brand_id: 'globex', first_name: 'a', last_name: 'b' }])
            assert.equal((await acme.graph.post('/v1/patients', body, 403)).json.error, 'forbidden');
        await acme.graph.post(`/v1/patients/${mine.graph}/encounters`, { brand_id: 'globex', encounter_type: 'lab' }, 403);
        await acme.graph.patch(`/v1/patients/${mine.graph}`, { brand_id: 'globex' }, ANY).then(({ status }) => assert.ok([400, 403].includes(status)));
    });

    test('an identifier may exist once in each brand', async () => {
        const create = (client) => client.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Qanary', last_name: 'x',
            identifiers: [{ system: 'medical-record-number', value: 'shared-7' }] } } }, ANY);
        assert.equal((await create(acme)).status, 201);
        assert.equal((await create(globex)).status, 201);
        assert.equal((await create(acme)).status, 409);
    });

    test('the embedded backend asked directly', async () => {
        const path = `/v1/patients/${theirs.graph}`;
        const ask = (authorization) => request(gateway.backendPort, 'GET', path, { headers: authorization ? { authorization } : {} });
        for (const credential of [undefined, 'Bearer x', `Bearer ${acme.graph.token}`, `Bearer ${globex.graph.token}`]) {
            const { status, text } = await ask(credential);
            assert.equal(status, 401, credential);
            assert.equal(JSON.parse(text).error, 'unauthenticated');
        }
    });

    test('a principal bound to one patient', async () => {
        const bound = clients(gateway, { patient: mine.graph });
        assert.deepEqual((await bound.general.get(`/v1/patients/${mine.general}`)).json.id, mine.general);
        assert.equal((await bound.graph.get('/v1/patients?brand_id=acme')).json.total, 1);
        assert.deepEqual((await bound.general.get('/v1/patients')).json.patients.map((p) => p.id), [mine.general]);
        assert.deepEqual((await bound.twine.get(`/pub/patient?filter[organization]=${ACME}`)).json.data.map((p) => p.id), [mine.twine]);
        const denied = { errors: 'You are not authorized to access this patient' };
        for (const id of [1049, NOWHERE.general])
            assert.deepEqual((await bound.general.get(`/v1/patients/${id}`, 403)).json, denied);
        for (const id of [theirs.twine, NOWHERE.twine])
            assert.equal((await bound.twine.get(`/pub/patient/${id}`, 403)).json.errors[0].code, 'Forbidden');
        for (const id of [theirs.graph, NOWHERE.graph]) {
            assert.equal((await bound.graph.get(`/v1/patients/${id}`, 403)).json.error, 'forbidden');
            await bound.graph.get(`/v1/patients/${id}/metrics`, 403);
        }
        const { json: metrics } = await bound.twine.get(`/pub/patient_health_metric?filter[organization]=${ACME}`);
        assert.deepEqual(metrics.data, []);
        const body = { data: { type: 'patient_health_metric', attributes: { type: 'weight', value: 1 },
            relationships: { patient: { data: { type: 'patient', id: theirs.twine } } } } };
        assert.ok([403, 409].includes((await bound.twine.post('/pub/patient_health_metric', body, ANY)).status));
        await bound.twine.post('/pub/patient_health_metric', document('twine-metric.json'), ANY).then(({ status }) => assert.ok([403, 409].includes(status)));
    });

    test('an unknown metric key of a patient, and another patient\'s metric', async () => {
        const { json } = await acme.graph.get(`/v1/patients/${mine.graph}/metrics/weight`);
        assert.deepEqual(json.data, []);
        assert.ok(theirMetric.id);
    });
});
