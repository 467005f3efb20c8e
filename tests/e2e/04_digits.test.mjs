// Issue 2, point 4: a number keeps its digits through every dialect.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, idsOf, person, startGateway } from './harness.mjs';

// JSON.parse would lose them: the bytes are compared.
const numbers = ['100.20', '0.1', '9007199254740993', '18446744073709551616', '1e400', '-0.0', '1E+2', '3.141592653589793238462643383279'];

describe('digits', () => {
    let gateway, all, ids;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        const patient = person();
        await all.general.post('/v1/patients', { patient });
        ids = await idsOf(all, patient.email);
    });
    after(() => gateway.stop());

    async function everywhere(key, digits) {
        const series = await all.graph.get(`/v1/patients/${ids.graph}/metrics/${key}`);
        assert.ok(series.text.includes(`"value_numeric":"${digits}"`), series.text);
        const latest = await all.graph.get(`/v1/patients/${ids.graph}/metrics`);
        assert.ok(latest.text.includes(`"last_value":"${digits}"`), latest.text);
        const gauges = await all.general.get(`/v1/patients/${ids.general}/gauges?gauge_type=${key}`);
        assert.ok(gauges.text.includes(`"value":${digits},`), gauges.text);
        const twine = await all.twine.get(`/pub/patient_health_metric?filter[patient]=${ids.twine}&page[size]=50`);
        assert.ok(twine.text.includes(`"value":${digits},`) || twine.text.includes(`"value":${digits}}`), twine.text);
    }

    numbers.forEach((digits, n) => {
        test(`${digits} from patient-graph`, async () => {
            const { text } = await all.graph.post(`/v1/patients/${ids.graph}/metrics`,
                { metric_key: `graph_${n}`, value_numeric: digits, source: 'api', recorded_at: '2024-01-01T00:00:00Z' });
            assert.ok(text.includes(`"value_numeric":"${digits}"`), text);
            await everywhere(`graph_${n}`, digits);
        });
    });

    test('numbers from Twine, bare and quoted', async () => {
        for (const [type, digits, quoted] of [['weight', '100.20', false], ['heart_rate', '9007199254740993', false], ['creatinine', '0.1', true]]) {
            const body = JSON.stringify({ data: { type: 'patient_health_metric', attributes: { type, value: '@', occurred_at: '2024-01-01T00:00:00Z' },
                relationships: { patient: { data: { type: 'patient', id: ids.twine } } } } });
            const { text } = await all.twine.post('/pub/patient_health_metric', body.replace('"@"', quoted ? `"${digits}"` : digits), 200);
            assert.ok(text.includes(`"value":${digits}`), text);
            await everywhere(type, digits);
        }
    });

    test('what is no number is refused where one is demanded', async () => {
        for (const value_numeric of ['1.', '.5', '01', '+1', 'NaN', 'Infinity', '0x10', '1,5', ' 1', '1 ', '']) {
            const { json } = await all.graph.post(`/v1/patients/${ids.graph}/metrics`,
                { metric_key: 'weight', value_numeric, source: 'api', recorded_at: '2024-01-01T00:00:00Z' }, 400);
            assert.equal(json.error, 'validation_error', value_numeric);
            assert.match(json.message, /value_numeric/);
        }
        await all.graph.post(`/v1/patients/${ids.graph}/metrics`,
            { metric_key: 'weight', value_numeric: 1, source: 'api', recorded_at: '2024-01-01T00:00:00Z' }, 400);
    });
});
