// A backend that has the documented calls only: the same assertions hold beside one that has everything, and not one completion is
// called (the proxy in front of it answers 501 to those, and tells).
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACME, clients, document, person, sleep, startGateway } from './harness.mjs';

// patient-graph's public pages: method, path, and the parameters that they document.
const documented = [
    ['GET', /^\/v1\/patients$/, ['brand_id', 'limit', 'offset']], ['POST', /^\/v1\/patients$/, []],
    ['GET', /^\/v1\/patients\/[^/]+\/safe$/, []], ['DELETE', /^\/v1\/patients\/[^/]+$/, []],
    ['GET', /^\/v1\/patients\/[^/]+\/metrics$/, []], ['POST', /^\/v1\/patients\/[^/]+\/metrics$/, []],
    ['GET', /^\/v1\/patients\/[^/]+\/metrics\/[^/]+$/, ['from', 'to', 'granularity']],
    ['GET', /^\/v1\/patients\/[^/]+\/encounters$/, ['limit', 'offset']], ['POST', /^\/v1\/patients\/[^/]+\/encounters$/, []],
    ['GET', /^\/v1\/patients\/[^/]+\/providers$/, []],
];
const isDocumented = (method, url) => {
    const { pathname, searchParams } = new URL(url, 'http://backend');
    return documented.some(([m, path, names]) => m === method && path.test(pathname) && [...searchParams.keys()].every((name) => names.includes(name)));
};

let full, proxy, slow, short;
const beyond = [], asked = [];
before(async () => {
    full = await startGateway({ patients: 12 });
    proxy = http.createServer((incoming, outgoing) => {
        asked.push(`${incoming.method} ${incoming.url}`);
        if (!isDocumented(incoming.method, incoming.url)) {
            beyond.push(`${incoming.method} ${incoming.url}`);
            incoming.resume();
            outgoing.writeHead(501, { 'content-type': 'application/json' }).end('{"error":"not_implemented","message":"-"}');
            return;
        }
        const forward = http.request({ host: '127.0.0.1', port: full.backendPort, method: incoming.method, path: incoming.url, headers: incoming.headers },
            (answer) => { outgoing.writeHead(answer.statusCode, answer.headers); answer.pipe(outgoing); });
        incoming.pipe(forward);
    });
    await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
    const set = { 'backend.url': `http://127.0.0.1:${proxy.address().port}`, 'backend.completions': '[]',
        'auth.signing_key': join(full.stateDir, 'signing-key.pem') };
    slow = await startGateway({ seed: false, set });
    // The tenant's id in Twine is the same in both; patients are numbered as they are shown.
    const brands = full.cli('crosswalk', 'export').split(/\r?\n/).filter((row, i) => !i || row.split(',')[1] === 'brand');
    writeFileSync(join(slow.stateDir, 'brands.csv'), `${brands.join('\r\n')}\r\n`);
    slow.cli('crosswalk', 'import', join(slow.stateDir, 'brands.csv'));
    short = await startGateway({ seed: false, set: { ...set, 'backend.scan_limit': '5' } });
});
after(async () => {
    for (const gateway of [slow, short]) await gateway.stop();
    proxy.closeAllConnections?.();
    proxy.close();
    await full.stop();
});

const moods = [['mood', 7, '2024-03-01T10:00:00.000Z'], ['pain', 3, '2024-03-02T10:00:00.000Z'], ['mood', 5, '2024-03-03T10:00:00.000Z'], ['energy', 8, '2024-03-04T10:00:00.000Z']];

/** A patient with four gauges, through General, which needs documented calls only. */
async function patient(general) {
    const { json } = await general.post('/v1/patients', { patient: person() });
    for (const [gauge_type, value, recorded_at] of moods)
        await general.post(`/v1/patients/${json.id}/gauges`, { gauge: { gauge_type, value, recorded_at, notes: `n${value}` } });
    return json;
}
const gaugesOf = async (general, id, query = '') =>
    (await general.get(`/v1/patients/${id}/gauges${query}`)).json;
const values = (json) => json.gauges.map((g) => g.value);

for (const [name, gatewayOf] of [['every call', () => full], ['the documented calls', () => slow]])
    describe(`a backend that has ${name}`, () => {
        let all, john;
        before(async () => {
            all = clients(gatewayOf());
            john = await patient(all.general);
        });

        test('a patient by its id', async () => {
            assert.deepEqual((await all.general.get(`/v1/patients/${john.id}`)).json, john);
            await all.general.get('/v1/patients/999999', 404);
        });

        test('measurements of all kinds, newest first, with filters and pages', async () => {
            assert.deepEqual(values(await gaugesOf(all.general, john.id)), [8, 5, 3, 7]);
            const { gauges } = await gaugesOf(all.general, john.id);
            assert.deepEqual(gauges.map((g) => [g.gauge_type, g.notes, g.patient_id]), [['energy', 'n8', john.id], ['mood', 'n5', john.id], ['pain', 'n3', john.id], ['mood', 'n7', john.id]]);
            assert.deepEqual(values(await gaugesOf(all.general, john.id, '?gauge_type=mood')), [5, 7]);
            assert.deepEqual(values(await gaugesOf(all.general, john.id, '?gauge_type=pain')), [3]);
            assert.deepEqual(values(await gaugesOf(all.general, john.id, '?gauge_type=weight')), []);
            assert.deepEqual(values(await gaugesOf(all.general, john.id, '?start_date=2024-03-02&end_date=2024-03-03')), [5, 3]);
            const page = await gaugesOf(all.general, john.id, '?page=2&page_size=3');
            assert.deepEqual([values(page), page.pagination.total_count, page.pagination.total_pages], [[7], 4, 2]);
            assert.deepEqual(values(await gaugesOf(all.general, john.id, '?page=3&page_size=3')), []);
        });

        test('the same through another dialect', async () => {
            const list = (await all.twine.get(`/pub/patient?filter[organization]=${ACME}&page[size]=50`)).json;
            const mine = list.data.find((p) => p.attributes.last_name === john.last_name);
            assert.deepEqual((await all.twine.get(`/pub/patient/${mine.id}`)).json.data.attributes, mine.attributes);
            const metrics = (await all.twine.get(`/pub/patient_health_metric?filter[patient]=${mine.id}&page[size]=50`)).json;
            assert.deepEqual(metrics.data.map((m) => m.attributes.type).sort(), ['energy', 'mood', 'mood', 'pain_level']);
            assert.equal(metrics.meta.count, 4);
            const other = await patient(all.general);
            const two = (await all.twine.get(`/pub/patient?filter[organization]=${ACME}&page[size]=50`)).json.data
                .filter((p) => [john.last_name, other.last_name].includes(p.attributes.last_name)).map((p) => p.id);
            const bound = gatewayOf().client('twine', { patient: two });
            const both = (await bound.get(`/pub/patient_health_metric?filter[organization]=${ACME}&page[size]=5&page[number]=2`)).json;
            assert.deepEqual([both.meta.count, both.data.length], [8, 3], 'of two patients, the second page');
        });

        test('a patient by an identifier', async () => {
            const { json } = await all.twine.post('/pub/patient_health_metric', document('twine-metric.json'), 200);
            const path = `/pub/patient?filter[organization]=${ACME}&filter[identifier][system]=medical-record-number&filter[identifier][value]=`;
            const found = (await all.twine.get(`${path}121212`)).json;
            assert.deepEqual([found.meta.count, found.data.map((p) => p.id)], [1, [json.data.relationships.patient.data.id]]);
            assert.deepEqual((await all.twine.get(`${path}12121`)).json.data, []);
            const unknown = document('twine-metric.json').replace('121212', '999');
            await all.twine.post('/pub/patient_health_metric', unknown, 409);
        });

        test('another tenant\'s patient is not there', async () => {
            const { general } = clients(gatewayOf(), { brand: 'globex' });
            await general.get(`/v1/patients/${john.id}`, 404);
            await general.get(`/v1/patients/${john.id}/gauges`, 404);
            const list = (await general.get('/v1/patients?page_size=100')).json.patients;
            assert.ok(list.length > 0 && !list.some((p) => p.last_name === john.last_name));
        });

        test('a principal bound to a patient reaches that one', async () => {
            const other = (await all.general.post('/v1/patients', { patient: person() })).json;
            const { general } = clients(gatewayOf(), { patient: String(john.id) });
            assert.deepEqual((await general.get(`/v1/patients/${john.id}`)).json, john);
            await general.get(`/v1/patients/${other.id}`, 403);
            await general.get(`/v1/patients/${other.id}/gauges`, 403);
            assert.deepEqual((await general.get('/v1/patients')).json.patients, [john]);
            assert.deepEqual(values(await gaugesOf(general, john.id)), [8, 5, 3, 7]);
        });
    });

test('what no documented call tells is a 501 in the caller\'s shape, never a wrong answer', async () => {
    const { general, twine } = clients(slow), john = await patient(general);
    for (const path of ['/v1/patients?search=doe', `/v1/patients/${john.id}`])
        await (path.includes('?') ? general.get(path, 501) : general.put(path, { patient: { phone: '1' } }, 501));
    await twine.get(`/pub/group?filter[organization]=${ACME}`, 501);
    const bound = clients(slow, { group: '00000000-0000-4000-8000-000000000001' }).general;
    assert.ok((await bound.get('/v1/patients', null)).status >= 400, 'lists of a principal bound to groups are not told');
});

test('the access log counts the calls that went out', async () => {
    const { general } = clients(slow), john = await patient(general);
    asked.length = 0;
    const id = (await general.get(`/v1/patients/${john.id}/gauges`)).headers['x-request-id'], calls = asked.length;
    let line;
    for (let n = 0; n < 100 && !line; n++) {
        await sleep(50); // lines are written a few times a second
        line = slow.accessLog().find(({ request_id }) => request_id === id);
    }
    assert.ok(calls > 1, `${calls} calls`);
    assert.equal(line.upstream_calls, calls);
});

test('beyond backend.scan_limit the answer is a 501, not a 404', async () => {
    const { general } = clients(short);
    const page = (await general.get('/v1/patients?page_size=100')).json.patients;
    assert.ok(page.length > 5);
    await general.get(`/v1/patients/${page[0].id}`);
    await general.get(`/v1/patients/${page.at(-1).id}`, 501);
});

test('no completion was called', () => {
    assert.ok(slow.accessLog().length > 50);
    assert.deepEqual(beyond, []);
});
