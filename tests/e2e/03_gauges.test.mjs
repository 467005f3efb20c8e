// Issue 2, point 3: a mood metric of patient-graph is a General gauge with its scale; filters select what they say.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, document, idsOf, person, startGateway } from './harness.mjs';

const shown = JSON.parse(document('general-gauge.json'));

describe('gauges', () => {
    let gateway, all, ids;
    const metric = (metric_key, value, recorded_at, more) => all.graph.post(`/v1/patients/${ids.graph}/metrics`,
        { metric_key, ...(value === undefined ? {} : { value_numeric: value }), source: 'manual', recorded_at, ...more });
    const gauges = async (query = '', status = 200) => (await all.general.get(`/v1/patients/${ids.general}/gauges${query}`, status)).json;
    const values = async (query) => (await gauges(query)).gauges.map((g) => g.value);

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        const patient = person();
        await all.general.post('/v1/patients', { patient });
        ids = await idsOf(all, patient.email);
        await metric('mood', '1', '2024-02-29T23:59:59.999Z');
        await metric('mood', '2', '2024-03-01T00:00:00.000Z');
        await metric('mood', '3', '2024-03-01T23:59:59.999Z');
        await metric('mood', '4', '2024-03-02T00:00:00.000Z');
        await metric('mood', '5', '2024-03-02T01:30:00+02:00'); // 1 March in UTC
        await metric('pain_level', '6', '2024-03-01T12:00:00Z');
        await metric('step_count', '9000', '2024-03-05T12:00:00Z', { unit: 'steps' });
    });
    after(() => gateway.stop());

    test('the documented gauge is there', async () => {
        const { json } = await all.general.get('/v1/patients/1049/gauges?gauge_type=mood&start_date=2023-10-01');
        assert.deepEqual(json.gauges.find((g) => g.id === shown.id), shown);
    });

    test('a metric of patient-graph with its scale, newest first', async () => {
        const { gauges: mood, pagination } = await gauges('?gauge_type=mood');
        assert.deepEqual(mood.map((g) => g.value), [4, 3, 5, 2, 1]);
        assert.equal(pagination.total_count, 5);
        assert.equal(pagination.total_pages, 1);
        for (const g of mood) assert.deepEqual([g.patient_id, g.scale_min, g.scale_max], [ids.general, 1, 10]);
        const steps = (await gauges('?gauge_type=step_count')).gauges[0];
        assert.deepEqual([steps.value, steps.scale_min, steps.scale_max], [9000, null, null]);
    });

    test('dates are whole days in UTC, both inclusive', async () => {
        assert.deepEqual(await values('?gauge_type=mood&start_date=2024-03-01'), [4, 3, 5, 2]);
        assert.deepEqual(await values('?gauge_type=mood&end_date=2024-03-01'), [3, 5, 2, 1]);
        assert.deepEqual(await values('?gauge_type=mood&start_date=2024-03-01&end_date=2024-03-01'), [3, 5, 2]);
        assert.deepEqual(await values('?gauge_type=mood&start_date=2024-02-29&end_date=2024-02-29'), [1]);
        assert.deepEqual(await values('?gauge_type=mood&start_date=2024-03-03'), []);
        assert.deepEqual(await values('?start_date=2024-03-01&end_date=2024-03-01'), [3, 5, 6, 2]);
    });

    test("pain is pain_level elsewhere", async () => {
        const { gauges: pain } = await gauges('?gauge_type=pain');
        assert.deepEqual(pain.map((g) => [g.gauge_type, g.value, g.scale_max]), [['pain', 6, 10]]);
    });

    test('a page when asked for one', async () => {
        const { gauges: page, pagination } = await gauges('?gauge_type=mood&page=2&page_size=2');
        assert.deepEqual(page.map((g) => g.value), [5, 2]);
        assert.deepEqual(pagination, { current_page: 2, total_pages: 3, total_count: 5, per_page: 2 });
    });

    test('what is no day is refused', async () => {
        for (const day of ['yesterday', '2024-02-30', '2024-3-1', '2024-03-01T00:00:00Z', '', '20240301', '2024-13-01', '2023-02-29'])
            assert.ok((await gauges(`?start_date=${encodeURIComponent(day)}`, 422)).errors, day);
        await gauges('?end_date=0000-00-00', 422);
    });

    test('an unknown patient has none', async () => {
        const { json } = await all.general.get('/v1/patients/999999/gauges', 404);
        assert.deepEqual(json, { errors: 'Patient not found' });
    });

    test('patient-graph selects from inclusive to exclusive', async () => {
        const series = async (query) => (await all.graph.get(`/v1/patients/${ids.graph}/metrics/mood${query}`)).json.data.map((m) => m.value_numeric);
        assert.deepEqual(await series(''), ['1', '2', '5', '3', '4'], 'ascending');
        assert.deepEqual(await series('?from=2024-03-01T00:00:00Z'), ['2', '5', '3', '4']);
        const latest = (await all.graph.get(`/v1/patients/${ids.graph}/metrics`)).json.metrics;
        assert.equal(latest.find((m) => m.metric_key === 'mood').last_value, '4');
        assert.equal(latest.length, 3);
    });
});
