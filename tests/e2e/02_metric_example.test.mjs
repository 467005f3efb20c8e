// Issue 2, point 2: the metric example of the Twine documentation, and the same measurement in the other dialects.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, clients, document, graphFind, startGateway, twineFind } from './harness.mjs';

const example = document('twine-metric.json');

describe('the metric example', () => {
    let gateway, all, graphId, twineId;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        graphId = (await graphFind(all.graph, (p) => p.external_ids['medical-record-number'] === '121212')).id;
        const path = `/pub/patient?filter[organization]=${ACME}`;
        twineId = (await twineFind(all.twine, path, (p) => p.attributes.identifiers.some((i) => i.value === '121212'))).id;
    });
    after(() => gateway.stop());

    test('byte for byte', async () => {
        const { json } = await all.twine.post('/pub/patient_health_metric', example, 200);
        const { type, attributes, relationships } = json.data;
        assert.equal(type, 'patient_health_metric');
        assert.deepEqual(attributes.code, { system: 'LOINC', value: '13457-7' });
        assert.equal(attributes.type, 'ldl_cholesterol');
        assert.equal(attributes.occurred_at, '2017-03-14T11:00:57.000Z');
        assert.equal(String(attributes.value), '121');
        assert.equal(attributes.unit, 'mg/dl');
        assert.equal(relationships.patient.data.type, 'patient');
        assert.equal(relationships.patient.data.id, twineId);
        const listed = await twineFind(all.twine, `/pub/patient_health_metric?filter[patient]=${twineId}`, (m) => m.id === json.data.id);
        assert.deepEqual(listed, json.data);
    });

    test('the same measurement from patient-graph', async () => {
        const { json: latest } = await all.graph.get(`/v1/patients/${graphId}/metrics`);
        assert.equal(latest.patient_id, graphId);
        const { json: whole } = await all.graph.get(`/v1/patients/${graphId}/metrics/ldl_cholesterol`);
        const newest = whole.data.at(-1);
        assert.deepEqual(latest.metrics.find((m) => m.metric_key === 'ldl_cholesterol'), { metric_key: 'ldl_cholesterol',
            last_value: newest.value_numeric, unit: newest.unit, last_recorded_at: newest.recorded_at, is_phi: true });
        const { json: series } = await all.graph.get(`/v1/patients/${graphId}/metrics/ldl_cholesterol?from=2017-03-14T11:00:57Z&to=2017-03-14T11:00:58Z`);
        assert.equal(series.count, 1);
        const { patient_id, brand_id, value_numeric, value_text, source } = series.data[0];
        assert.deepEqual({ patient_id, brand_id, value_numeric, value_text, source },
            { patient_id: graphId, brand_id: 'acme', value_numeric: '121', value_text: null, source: 'api' });
    });

    test('the same measurement from General', async () => {
        const { json } = await all.general.get('/v1/patients/1049/gauges?gauge_type=ldl_cholesterol&start_date=2017-03-14&end_date=2017-03-14');
        assert.equal(json.gauges.length, 1);
        const { patient_id, gauge_type, value, scale_min, scale_max, recorded_at, notes } = json.gauges[0];
        assert.deepEqual({ patient_id, gauge_type, value, scale_min, scale_max, recorded_at, notes }, { patient_id: 1049,
            gauge_type: 'ldl_cholesterol', value: 121, scale_min: null, scale_max: null, recorded_at: '2017-03-14T11:00:57.000Z', notes: null });
    });

    const metric = (attributes, patient = { type: 'patient', id: twineId }) =>
        ({ type: 'patient_health_metric', id: '', attributes, relationships: { patient: { data: patient } } });

    test('an array, patients by id and by query, in request order', async () => {
        const query = JSON.parse(example).data.relationships.patient.data;
        const { json } = await all.twine.post('/pub/patient_health_metric', { data: [
            metric({ type: 'weight', value: 81.5, unit: 'kg', occurred_at: '2024-01-01T10:00:00+02:00' }),
            metric({ type: 'heart_rate', value: 61, occurred_at: '2024-01-01T08:00:00Z' }, query),
            metric({ type: 'blood_pressure', systolic: 120, diastolic: 80, occurred_at: '2024-01-02T00:00:00.000Z' }),
        ] }, 200);
        assert.deepEqual(json.data.map((m) => m.attributes.type), ['weight', 'heart_rate', 'blood_pressure']);
        assert.equal(json.data[0].attributes.occurred_at, '2024-01-01T08:00:00.000Z');
        assert.deepEqual(json.data[0].attributes.code, { system: 'LOINC', value: '29463-7' }, 'a code from the table');
        assert.equal(json.data[1].relationships.patient.data.id, twineId);
        assert.equal(json.data[2].attributes.systolic, 120);
        assert.equal('value' in json.data[2].attributes, false);
        const { json: pressure } = await all.graph.get(`/v1/patients/${graphId}/metrics/blood_pressure?from=2024-01-02T00:00:00Z&to=2024-01-02T00:00:01Z`);
        assert.equal(pressure.data[0].value_text, '120/80');
        assert.equal(pressure.data[0].value_numeric, null);
    });

    test('one fault in an array stores nothing and is pointed at', async () => {
        const count = async () => (await all.twine.get(`/pub/patient_health_metric?filter[patient]=${twineId}&page[size]=1`)).json.meta.count;
        const before = await count();
        const bad = [
            [metric({ type: 'weight' }, { type: 'patient', id: '000000000000000000000000' }), '/data/1'],
            [metric({ type: 'no_such_type', value: 1 }), '/data/1/attributes/type'],
            [metric({ type: 'blood_pressure', systolic: 120 }), '/data/1/attributes'],
            [{ type: 'patient', attributes: {} }, '/data/1'],
        ];
        for (const [item, pointer] of bad) {
            const { json } = await all.twine.post('/pub/patient_health_metric',
                { data: [metric({ type: 'weight', value: 80 }), item] }, 409);
            assert.ok(json.errors.some((e) => e.source?.pointer?.startsWith(pointer)), `${pointer}: ${JSON.stringify(json.errors)}`);
        }
        await all.twine.post('/pub/patient_health_metric', { data: [] }, 409);
        const many = Array.from({ length: 501 }, () => metric({ type: 'weight', value: 80 }));
        await all.twine.post('/pub/patient_health_metric', { data: many }, 413);
        assert.equal(await count(), before);
    });

    test('a query must find exactly one patient of this organization', async () => {
        for (const change of [
            (q) => { q.identifier.value = 'nobody'; },
            (q) => { q.identifier.system = 'medical|record|number'; },
            (q) => { q.organization = '58c88de7c93eb96357a87033'; },
            (q) => { delete q.identifier; },
        ]) {
            const body = JSON.parse(example);
            change(body.data.relationships.patient.data.meta.query);
            const { json } = await all.twine.post('/pub/patient_health_metric', body, 409);
            assert.equal(json.errors[0].code, 'InvalidBodyParameter');
        }
    });

    test('values that are no numbers', async () => {
        const { json } = await all.twine.post('/pub/patient_health_metric', { data: metric({ type: 'nausea_level', value: 'mild', occurred_at: '2024-02-01T00:00:00Z' }) }, 200);
        assert.equal(json.data.attributes.value, 'mild');
        const { json: series } = await all.graph.get(`/v1/patients/${graphId}/metrics/nausea_level?from=2024-02-01T00:00:00Z`);
        assert.equal(series.data[0].value_text, 'mild');
        assert.equal(series.data[0].value_numeric, null);
    });
});
