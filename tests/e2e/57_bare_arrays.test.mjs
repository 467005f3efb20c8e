// General's lists as bare arrays: another form of the same answers, asked for by the configuration.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { request, startGateway } from './harness.mjs';

describe('General, lists as bare arrays', () => {
    let gateway, token;
    const get = async (path, status = 200) => {
        const got = await request(gateway.port, 'GET', path, { headers: { 'x-user-token': token } });
        assert.equal(got.status, status, got.text);
        return got.json;
    };
    before(async () => {
        gateway = await startGateway({ set: { facades: '[{ dialect: general, answers: arrays }]' } });
        token = gateway.token('general');
    });
    after(() => gateway.stop());

    test('patients', async () => {
        const all = await get('/v1/patients?page_size=100');
        assert.ok(Array.isArray(all) && all.length > 10);
        assert.ok(all.some(({ id, last_name }) => id === 1049 && last_name === 'Doe'));
        const page = await get('/v1/patients?page=2&page_size=3');
        assert.deepEqual(page, all.slice(3, 6));
        assert.deepEqual(await get('/v1/patients?page=999'), []);
        assert.equal((await get('/v1/patients')).length, Math.min(25, all.length));
    });

    test('gauges', async () => {
        const [gauge, ...more] = await get('/v1/patients/1049/gauges?gauge_type=mood&start_date=2023-10-27&end_date=2023-10-27');
        assert.deepEqual([gauge.id, gauge.value, gauge.scale_max, more], [456, 7, 10, []]);
    });

    test('all else is as it is', async () => {
        assert.equal((await get('/v1/patients/1049')).id, 1049);
        assert.deepEqual(await get('/v1/patients/99999999', 404), { errors: 'Patient not found' });
        assert.ok((await get('/v1/patients?page=0', 422)).errors.page);
    });
});
