// Many documents at once: in request order, all or nothing where they can be judged before, and what exists already left out.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, clients, person, startGateway } from './harness.mjs';

describe('many at once', () => {
    let gateway, twine, graph, id;
    const patient = (value, more = {}) => {
        const { first_name, last_name } = person();
        return { type: 'patient', attributes: { first_name, last_name, ...value && { identifiers: [{ system: 'bulk', value }] }, ...more } };
    };
    const weight = (value, second, more = {}) => ({ type: 'patient_health_metric', attributes: { type: 'weight', value, occurred_at: new Date(Date.UTC(2024, 0, 1) + second * 1000).toISOString(), ...more },
        relationships: { patient: { data: { type: 'patient', id } } } });
    const post = async (path, data, meta, status) => (await twine.post(path, { ...meta && { meta }, data }, status)).json;
    const count = async (path) => (await twine.get(`${path}&page[size]=0`)).json.meta.count;
    const patients = () => count(`/pub/patient?filter[organization]=${ACME}`);
    const metrics = () => count(`/pub/patient_health_metric?filter[patient]=${id}`);
    const skip = { ignore_duplicates: true };

    before(async () => {
        gateway = await startGateway();
        ({ twine, graph } = clients(gateway));
        id = (await post('/pub/patient', patient(), undefined, 201)).data.id;
    });
    after(() => gateway.stop());

    test('500 measurements are stored, and answered in the order they were sent', async () => {
        const values = Array.from({ length: 500 }, (_, i) => (i * 7919) % 500);
        const { data, meta } = await post('/pub/patient_health_metric', values.map((value, i) => weight(value, i)), undefined, 200);
        assert.deepEqual(data.map(({ attributes }) => attributes.value), values);
        assert.deepEqual([new Set(data.map((one) => one.id)).size, meta.ignored, 'stored' in meta], [500, [], false]);
        assert.equal(await metrics(), 500);
    });

    test('sent again, what is there is left out and named', async () => {
        const { data, meta } = await post('/pub/patient_health_metric', [weight(0, 0), weight(1, 9000), weight(2, 1), weight(3, 0, { type: 'heart_rate' }), weight(4, 9000)], skip, 200);
        // The second and the last are duplicates of each other: one of them is stored.
        const [first] = data.map(({ attributes }) => attributes.value);
        assert.deepEqual(data.map(({ attributes }) => attributes.value), first === 1 ? [1, 3] : [3, 4], 'another time, another type');
        assert.deepEqual(meta.ignored, ['/data/0', first === 1 ? '/data/2' : '/data/1', first === 1 ? '/data/4' : '/data/2']);
        const alone = await post('/pub/patient_health_metric', weight(0, 0), skip, 200);
        assert.deepEqual([alone.data, alone.meta.ignored.length], [null, 1]);
        assert.equal(await metrics(), 502);
        // Whoever does not ask for that may measure twice.
        await post('/pub/patient_health_metric', [weight(0, 0)], { ignore_duplicates: false }, 200);
        await post('/pub/patient_health_metric', [weight(0, 0)], { ignore_duplicates: null }, 200);
        assert.equal(await metrics(), 504);
    });

    test('patients: a create that failed midway is sent again', async () => {
        const before = await patients();
        const all = ['1', '2', '3', '2', '4'].map((value) => patient(value));
        const failed = (await twine.post('/pub/patient', { data: all }, 409)).json;
        assert.deepEqual(failed.errors.map(({ code }) => code), ['InvalidBodyParameter']);
        const [loser] = failed.errors.map(({ source }) => Number(/^\/data\/([13])$/.exec(source.pointer)[1])); // one of the two
        assert.deepEqual(failed.meta.stored.map(({ index }) => index), [0, 1, 2, 3, 4].filter((i) => i !== loser), 'what is stored is named');
        assert.equal(await patients(), before + 4);
        for (const { index, id: made } of failed.meta.stored) assert.equal((await twine.get(`/pub/patient/${made}`)).json.data.attributes.last_name, all[index].attributes.last_name);
        const again = await post('/pub/patient', [...all, patient('5')], skip, 201);
        assert.deepEqual([again.data.map(({ attributes }) => attributes.identifiers[0].value), again.meta.ignored], [['5'], all.map((_, i) => `/data/${i}`)]);
        assert.equal(await patients(), before + 5);
        const single = await post('/pub/patient', patient('5'), skip, 201);
        assert.deepEqual([single.data, single.meta.ignored.length], [null, 1]);
    });

    test('a flag that is none is a fault, and nothing is stored', async () => {
        const before = [await patients(), await metrics()];
        for (const ignore_duplicates of ['true', 1, [], {}, ''])
            for (const [path, data] of [['/pub/patient', patient()], ['/pub/patient', [patient(), patient()]], ['/pub/patient_health_metric', weight(1, 1)]]) {
                const { errors } = await post(path, data, { ignore_duplicates }, 409);
                assert.deepEqual(errors.map(({ code, source }) => [code, source]), [['InvalidBodyParameter', { pointer: '/meta/ignore_duplicates' }]], JSON.stringify(ignore_duplicates));
            }
        assert.deepEqual([await patients(), await metrics()], before);
    });

    test('faults of any of them, all named, and none is stored', async () => {
        const before = await patients();
        const { errors } = await post('/pub/patient', [patient('7'), { type: 'patient', attributes: { last_name: 'x' } }, 7, patient('8', { birth_date: 'x' }), { type: 'coach', attributes: {} }], skip, 409);
        for (const pointer of ['/data/1/attributes/first_name', '/data/2', '/data/3/attributes/birth_date', '/data/4/type'])
            assert.ok(errors.some(({ source }) => source.pointer === pointer), `${pointer}: ${JSON.stringify(errors)}`);
        assert.equal(await patients(), before);
    });

    test('none, one and too many', async () => {
        await post('/pub/patient', [], undefined, 409);
        assert.ok(Array.isArray((await post('/pub/patient', [patient()], undefined, 201)).data), 'an array is answered by one');
        await post('/pub/patient', Array.from({ length: 501 }, () => patient()), undefined, 413);
        assert.equal((await post('/pub/patient', Array.from({ length: 200 }, () => patient()), undefined, 201)).data.length, 200);
        assert.ok((await graph.get('/v1/patients?brand_id=acme&limit=1')).json.total > 200);
    });
});
