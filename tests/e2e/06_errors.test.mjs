// Issue 2, point 6: each dialect's errors in its own shape (the harness checks every answer's shape).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, clients, document, person, request, startGateway } from './harness.mjs';

const patients = { general: '/v1/patients', twine: '/pub/patient', graph: '/v1/patients' };
const missing = { general: '/v1/patients/999999', twine: '/pub/patient/000000000000000000000000', graph: '/v1/patients/no-such-patient' };

/** A valid create of one dialect. */
const valid = {
    general: () => ({ patient: person() }),
    twine: () => { const p = person(); return { data: { type: 'patient', attributes: { first_name: p.first_name, last_name: p.last_name } } }; },
    graph: () => { const p = person(); return { brand_id: 'acme', first_name: p.first_name, last_name: p.last_name }; },
};

describe('errors', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway({ set: { 'limits.body_kb': '64' } });
        all = clients(gateway);
    });
    after(() => gateway.stop());

    const each = (title, run) => { for (const name of ['general', 'twine', 'graph']) test(`${title}: ${name}`, () => run(name, all[name])); };

    test('General: the 422 of the documentation', async () => {
        const documented = JSON.parse(document('general-errors-422.json'));
        for (const patient of [{}, { first_name: '', last_name: ' ', date_of_birth: null }, { gender: 'x' }])
            assert.deepEqual((await all.general.post('/v1/patients', { patient }, 422)).json, documented);
        const { json } = await all.general.post('/v1/patients', { patient: person({ date_of_birth: '2010-02-30' }) }, 422);
        assert.deepEqual(json, { errors: { date_of_birth: ['must be a valid date'] } });
        for (const wrong of [{ first_name: 7 }, { address: 'here' }, { address: { city: 1 } }, { gender: [] }])
            await all.general.post('/v1/patients', { patient: person(wrong) }, 422);
    });

    test('General: the wrapper', async () => {
        const want = { errors: 'param is missing or the value is empty: patient' };
        for (const body of [{}, { patient: null }, { patient: [] }, { patient: 'x' }, person()])
            assert.deepEqual((await all.general.post('/v1/patients', body, 400)).json, want);
    });

    test('General: 404, 401', async () => {
        assert.deepEqual((await all.general.get('/v1/patients/999999', 404)).json, { errors: 'Patient not found' });
        for (const id of ['0', '-1', 'x', '1e3', '99999999999999999999999', '1049x', '01049'])
            assert.deepEqual((await all.general.get(`/v1/patients/${id}`, 404)).json, { errors: 'Patient not found' }, id);
        const stranger = gateway.client('general', { token: 'Exse1BncZVGpy7YTD62H' });
        assert.deepEqual((await stranger.get('/v1/patients', 401)).json, { errors: 'You are not authorized to perform this action.' });
    });

    test('General: paging', async () => {
        for (const query of ['page=0', 'page=-1', 'page=x', 'page_size=0', 'page_size=ten', 'page=1.5'])
            await all.general.get(`/v1/patients?${query}`, 422);
        const { json } = await all.general.get('/v1/patients?page=9999&page_size=500');
        assert.deepEqual(json.patients, []);
        assert.equal(json.pagination.per_page, 100);
        assert.equal(json.pagination.current_page, 9999);
    });

    test('Twine: 409 with a pointer, a parameter', async () => {
        const create = (data) => all.twine.post('/pub/patient', data, 409);
        const cases = [
            [{ data: { type: 'patient', attributes: { last_name: 'x' } } }, '/data/attributes/first_name'],
            [{ data: { type: 'patient', attributes: { first_name: 1, last_name: 'x' } } }, '/data/attributes/first_name'],
            [{ data: { type: 'patient', attributes: { first_name: 'a', last_name: 'x', birth_date: '1.1.2000' } } }, '/data/attributes/birth_date'],
            [{ data: { type: 'patient', attributes: { first_name: 'a', last_name: 'x', gender: 'unknown' } } }, '/data/attributes/gender'],
            [{ data: { type: 'patient', attributes: { first_name: 'a', last_name: 'x', phone_numbers: [{ type: 'home' }] } } }, '/data/attributes/phone_numbers/0/value'],
            [{ data: { type: 'coach', attributes: { first_name: 'a', last_name: 'x' } } }, '/data/type'],
            [{}, '/data'],
        ];
        for (const [body, pointer] of cases) {
            const { json } = await create(body);
            assert.equal(json.errors[0].code, 'InvalidBodyParameter');
            assert.equal(json.errors[0].source.pointer, pointer);
            assert.equal(json.errors[0].status, '409');
        }
        for (const [query, parameter] of [['page[size]=51', 'page[size]'], ['page[size]=x', 'page[size]'], ['page[number]=0', 'page[number]'],
            ['page[cursor]=abc', 'page[cursor]'], ['filter[created_at]=yesterday', 'filter[created_at]'], ['filter[archived]=maybe', 'filter[archived]'],
            ['filter[identifier][system]=x', 'filter[identifier][system]']]) {
            const { json } = await all.twine.get(`/pub/patient?filter[organization]=${ACME}&${query}`, 409);
            assert.equal(json.errors[0].code, 'InvalidParameter', query);
            assert.ok(json.errors[0].source.parameter.startsWith(parameter.slice(0, 12)), query);
        }
        assert.equal((await all.twine.get('/pub/patient', 409)).json.errors[0].code, 'InvalidParameter');
    });

    test('Twine: 404, 401', async () => {
        for (const id of ['000000000000000000000000', 'x', '58c4554710123c5c40dbab8'])
            assert.equal((await all.twine.get(`/pub/patient/${id}`, 404)).json.errors[0].code, 'ResourceNotFound');
        const { json, headers } = await gateway.client('twine', { token: 'AT' }).get(missing.twine, 401);
        assert.deepEqual(json, { meta: { req_id: headers['x-request-id'] },
            errors: [{ code: 'Unauthorized', detail: 'A valid bearer token is required', status: '401' }] });
    });

    test('patient-graph: 400 validation_error, 404 not_found, 409 conflict', async () => {
        const base = { brand_id: 'acme', first_name: 'Qanary', last_name: 'Bird' };
        for (const [wrong, word] of [[{ first_name: undefined }, 'first_name'], [{ first_name: '' }, 'first_name'], [{ last_name: null }, 'last_name'],
            [{ date_of_birth: '1990-02-30' }, 'date_of_birth'], [{ email: '[email protected]' }, 'email'], [{ external_ids: { a: 1 } }, 'external_ids'],
            [{ metadata: [] }, 'metadata'], [{ gender: null }, 'gender'], [{ id: 'mine' }, 'id'], [{ status: 'inactive' }, 'status']]) {
            const { json } = await all.graph.post('/v1/patients', { ...base, ...wrong }, 400);
            assert.equal(json.error, 'validation_error');
            assert.ok(json.message.includes(word), `${word}: ${json.message}`);
        }
        assert.equal((await all.graph.get(missing.graph, 404)).json.error, 'not_found');
        assert.equal((await all.graph.get(`${missing.graph}/metrics`, 404)).json.error, 'not_found');
        assert.equal((await all.graph.get('/v1/patients', 400)).json.error, 'validation_error');
        assert.equal((await all.graph.get('/v1/patients?brand_id=acme&limit=x', 400)).json.error, 'validation_error');
        const twin = { ...base, external_ids: { twin: person().last_name } };
        await all.graph.post('/v1/patients', twin, 201);
        assert.equal((await all.graph.post('/v1/patients', twin, 409)).json.error, 'conflict');
    });

    test('a duplicate in every dialect', async () => {
        const value = person().last_name;
        await all.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Qanary', last_name: 'a', identifiers: [{ system: 'dup', value }] } } });
        const { json } = await all.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Qanary', last_name: 'b', identifiers: [{ system: 'dup', value }] } } }, 409);
        assert.equal(json.errors[0].code, 'InvalidBodyParameter');
        await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'c', external_ids: { dup: value } }, 409);
        await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'c', external_ids: { dup2: value } }, 201);
    });

    each('malformed JSON is 400', async (name, client) => {
        const good = JSON.stringify(valid[name]());
        const bad = ['', '{', '{"a":1', 'nonsense', '[1,]', '{"a":1}x', `${good}x`, good.replace('"first_name"', 'first_name'),
            good.replace('}', ',"first_name":"x"}').replace('"Qanary"', '"Qanary","first_name":"again"'), '{"a":1,"a":1}', '{"a":"\\ud800"}',
            Buffer.from('{"a":"\xff"}', 'latin1'), '\ufeff{}', '{"a":"\u0001"}', `${'['.repeat(5000)}${']'.repeat(5000)}`];
        for (const body of bad) {
            const { status, text } = await client.post(patients[name], body, ANY);
            assert.ok(status === 400 || (status === 413 && body.length > 5000), `${body} -> ${status} ${text}`);
        }
    });

    each('a wrong content type is 415', async (name, client) => {
        for (const type of ['text/plain', 'application/xml', 'application/jsonx', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'json'])
            await client.call('POST', patients[name], { body: JSON.stringify(valid[name]()), status: 415, headers: { 'content-type': type } });
        const ok = { general: 'application/json; charset=utf-8', twine: 'application/json', graph: 'Application/JSON' }[name];
        await client.call('POST', patients[name], { body: valid[name](), status: 201, headers: { 'content-type': ok } });
    });

    each('too large is 413', async (name, client) => {
        const body = JSON.stringify({ ...valid[name](), padding: 'x'.repeat(80 * 1024) });
        await client.call('POST', patients[name], { body, status: 413 });
        await client.call('POST', patients[name], { body: valid[name](), status: 201 });
    });

    each('an unknown route is 404, another method 405', async (name, client) => {
        const prefix = name === 'twine' ? '/pub' : '/v1';
        for (const path of [`${prefix}/nothing`, `${prefix}/`, `${patients[name]}/1/2/3/4`])
            await client.call('GET', path, { status: 404 });
        const { headers } = await client.call('DELETE', patients[name], { status: 405 });
        assert.match(headers.allow, /GET/);
        assert.match(headers.allow, /POST/);
    });

    each('no token, a bad token, another kind of token: 401', async (name, client) => {
        for (const token of [undefined, '', 'x', 'a.b.c', `${client.token}x`, client.token.slice(0, -2), client.token.replace(/\.[^.]+\./, '.e30.')]) {
            const stranger = gateway.client(client.dialect, { token: token ?? 'none' });
            stranger.token = token;
            if (token === undefined && name !== 'twine') continue; // without any header nothing says General; see below
            await stranger.get(missing[name], 401);
        }
        const bare = { general: { 'x-user-token': '' }, twine: {}, graph: {} }[name];
        const anonymous = gateway.client(client.dialect, { token: 'none' });
        anonymous.token = undefined;
        const { headers } = await anonymous.get(patients[name], 401, bare);
        assert.doesNotMatch(headers['www-authenticate'], /error=/, 'RFC 6750 section 3.1: no error code when nothing was sent');
    });

    test('both credentials at once are 400, in the shape of one of the two', async () => {
        const headers = { 'x-user-token': all.general.token, authorization: `Bearer ${all.graph.token}` };
        for (const path of ['/v1/patients', '/v1/patients/1049', missing.twine]) {
            const { status, json } = await request(gateway.port, 'GET', path, { headers });
            assert.equal(status, 400);
            assert.ok(json.errors !== undefined || json.error !== undefined);
        }
    });

    test('Accept', async () => {
        const path = `/pub/patient?filter[organization]=${ACME}`;
        for (const [accept, status, type] of [[undefined, 200, 'application/json'], ['*/*', 200, 'application/vnd.api+json'],
            ['application/vnd.api+json', 200, 'application/vnd.api+json'], ['application/json', 200, 'application/json'], ['text/html', 406]]) {
            const { headers } = await all.twine.get(path, status, accept ? { accept } : {});
            if (type) assert.equal(headers['content-type'].split(';')[0], type, accept);
        }
        assert.equal((await all.twine.get(path, 406, { accept: 'image/png' })).json.errors[0].code, undefined);
    });

    each('a hostile path has one verdict', async (name, client) => {
        for (const tail of ['/%2e%2e/x', '/../x', '//', '/%00', '/%ff', '/%', '/%zz', '/a%2fb', '/;x', `/${'a'.repeat(9000)}`]) {
            const got = await client.get(patients[name] + tail, ANY);
            assert.ok([400, 404, 414].includes(got.status), `${tail.slice(0, 20)}: ${got.status}`);
        }
    });

    test('nothing refused left a patient behind', async () => {
        const { total } = (await all.graph.get('/v1/patients?brand_id=acme&limit=200')).json;
        const { json } = await all.general.get('/v1/patients?search=Qanary');
        assert.ok(json.pagination.total_count <= total);
        const names = (await all.graph.get('/v1/patients?brand_id=acme&limit=200')).json.patients.map((p) => p.first_name);
        assert.ok(!names.includes('again'));
    });
});
