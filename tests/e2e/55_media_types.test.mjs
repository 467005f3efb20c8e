// What Twine's operations take and answer, by Content-Type and Accept: reference/twine-api.md section 6, JSON:API 1.0 section 5.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, person, request, sleep, startGateway } from './harness.mjs';

const API = 'application/vnd.api+json', JSON_TYPE = 'application/json', FORM = 'application/x-www-form-urlencoded';
const NOBODY = '000000000000000000000000';

// Accept: what is answered with; 406 where nothing fits. undefined: no header, as the DataFire client has none.
const accepts = [
    [undefined, JSON_TYPE], ['', JSON_TYPE], [JSON_TYPE, JSON_TYPE], ['Application/JSON', JSON_TYPE], [`${JSON_TYPE}; charset=utf-8`, JSON_TYPE],
    [API, API], ['*/*', API], ['application/*', API], [`${JSON_TYPE}, text/plain, */*`, API], [`${API}, ${JSON_TYPE}`, API],
    [`${API};q=0.5, ${JSON_TYPE}`, JSON_TYPE], [`${JSON_TYPE};q=0.9, ${API};q=0.1`, JSON_TYPE], [`text/html, ${API};q=0.1`, API],
    // The type with a parameter is an extension of it; where each instance has one, there is no answer (JSON:API section 5.2).
    [`${API}; ext=bulk`, 406], [`${API}; ext=bulk, ${API}; profile="x"`, API], [`${API}; ext=bulk, ${API}`, API], [`${API}; ext=bulk, ${JSON_TYPE}`, JSON_TYPE],
    ['text/html', 406], ['application/xml, text/*', 406], [`${API};q=0`, 406], [`${JSON_TYPE};q=0, ${API};q=0, */*`, 406],
];

// Content-Type of a body: whether it is taken.
const types = [
    [API, true], [JSON_TYPE, true], ['APPLICATION/VND.API+JSON', true], [`${JSON_TYPE}; charset=utf-8`, true], [`${JSON_TYPE};charset="UTF-8"`, true], [`${API}; charset=utf-8`, true],
    [`${API}; ext=bulk`, false], [`${API}; profile=x`, false], [`${JSON_TYPE}; charset=latin1`, false], ['text/plain', false], ['application/xml', false], [FORM, false],
    ['application/merge-patch+json', false], ['*/*', false], ['application', false], ['', false], [undefined, false],
];

describe("media types of Twine's operations", () => {
    let gateway, token, narrow, client, group, id, made;
    before(async () => {
        gateway = await startGateway();
        [token, narrow] = [gateway.token('twine'), gateway.token('twine', { scope: 'read:acknowledgements' })];
        client = JSON.parse(gateway.cli('client', 'add', '--name', 'media', '--brand', 'acme'));
        gateway.secrets.add(client.client_secret);
        await sleep(1100); // a record added by another process is seen within one second
        group = (await ask('GET', `/group?filter[organization]=${ACME}`)).json.data[0].id;
        id = (await ask('POST', '/patient', { type: API, body: { data: patient() } })).json.data.id;
    });
    after(() => gateway.stop());

    async function ask(method, path, { accept, type, body, headers = {} } = {}) {
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
        const all = { ...!/oauth\/token$/.test(path) && { authorization: `Bearer ${token}` }, ...accept !== undefined && { accept }, ...type !== undefined && { 'content-type': type },
            ...text !== undefined && { 'content-length': Buffer.byteLength(text) }, ...headers };
        const got = await request(gateway.port, method, `/pub${path}`, { headers: all, body: text, agent: gateway.agent });
        for (const [, value] of got.text.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)) gateway.secrets.add(value);
        return got;
    }
    const patient = () => (({ first_name, last_name }) => ({ type: 'patient', attributes: { first_name, last_name }, relationships: { groups: { data: [{ type: 'group', id: group }] } } }))(person());
    const metric = (value) => ({ type: 'patient_health_metric', attributes: { type: 'weight', value }, relationships: { patient: { data: { type: 'patient', id } } } });
    const grant = () => ({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret });
    const count = async () => (await ask('GET', `/patient?filter[organization]=${ACME}&page[size]=0`)).json.meta.count;
    const answered = (got) => got.headers['content-type'].split(';')[0];

    // One operation of each family: method, path, body, status.
    const families = {
        'a list': () => ['GET', `/patient?filter[organization]=${ACME}&page[size]=1`, undefined, 200],
        'a resource': () => ['GET', `/patient/${id}`, undefined, 200],
        'a sub-collection': () => ['GET', `/patient/${id}/groups`, undefined, 200],
        'a create': () => ['POST', '/patient', { data: patient() }, 201],
        'a bulk create': () => ['POST', '/patient_health_metric', { data: [metric(1), metric('2')] }, 200],
        'an update': () => ['PATCH', `/patient/${id}`, { data: { type: 'patient', id, attributes: { note: 'x' } } }, 200],
        'an upsert': () => ['PUT', '/patient', { meta: { query: { identifier: { system: 'Media', value: '1' }, groups: [group] } }, data: patient() }, 200],
        'a delete': () => ['DELETE', `/calendar_event/${made}`, undefined, 200],
        'a token': () => ['POST', '/oauth/token', { data: { type: 'oauth/token', attributes: grant() } }, 201],
        'a token, flat': () => ['POST', '/oauth/token', grant(), 201],
        'what is not there': () => ['GET', `/coach/${NOBODY}`, undefined, 404],
        'what is not valid': () => ['POST', '/patient', { data: { type: 'patient', attributes: {} } }, 409],
        'no such endpoint': () => ['GET', '/nothing', undefined, 404],
        'another method': () => ['PUT', `/coach/${NOBODY}`, undefined, 405],
        'no token': () => ['GET', `/patient/${id}`, undefined, 401, 'none'],
        'no scope': () => ['GET', `/patient/${id}`, undefined, 403, narrow],
    };
    const early = ['no such endpoint', 'another method', 'no token', 'no scope']; // refused before Accept is judged
    const prepare = async () => {
        const data = { type: 'calendar_event', attributes: { type: 'reminder', title: 'x', start_at: '2030-01-01T00:00:00Z', attendees: [] }, relationships: { owner: { data: { type: 'patient', id } } } };
        made = (await ask('POST', '/calendar_event', { type: API, body: { data } })).json.data.id;
    };

    for (const [name, family] of Object.entries(families))
        test(`${name}: by Accept`, async () => {
            for (const [accept, wanted] of accepts) {
                if (name === 'a delete') await prepare();
                const [method, path, body, status, as] = family();
                const got = await ask(method, path, { accept, body, type: body && API, headers: as ? { authorization: `Bearer ${as}` } : {} });
                const refused = wanted === 406 && !early.includes(name);
                assert.equal(got.status, refused ? 406 : status, `Accept: ${accept}: ${got.text}`);
                assert.equal(answered(got), wanted === 406 ? JSON_TYPE : wanted, `Accept: ${accept}`);
            }
        });

    test('what will not be answered is not done', async () => {
        const before = await count();
        assert.equal((await ask('POST', '/patient', { accept: 'text/html', type: API, body: { data: patient() } })).status, 406);
        assert.equal((await ask('POST', '/patient', { type: 'text/plain', body: { data: patient() } })).status, 415);
        assert.equal(await count(), before);
    });

    for (const name of ['a create', 'a bulk create', 'an update', 'an upsert', 'a token', 'a token, flat'])
        test(`${name}: by Content-Type`, async () => {
            for (const [type, taken] of types) {
                const [method, path, body, status] = families[name]();
                const token = path === '/oauth/token', form = token && type === FORM;
                const got = await ask(method, path, { type, body: form ? new URLSearchParams(grant()).toString() : body });
                const { errors: [error] = [{}] } = got.json;
                assert.equal(got.status, taken || form ? status : token ? 403 : 415, `Content-Type: ${type}: ${got.text}`);
                if (got.status === 403) assert.equal(error.code, 'Forbidden');
                if (got.status === 415) assert.equal(error.title, 'Unsupported Media Type');
            }
        });

    test('as the DataFire client sends: no Accept, application/json, a length on every request', async () => {
        await prepare();
        for (const name of Object.keys(families)) {
            const [method, path, body, status, as] = families[name]();
            const got = await ask(method, path, { body, type: body && JSON_TYPE, headers: { ...!body && { 'content-length': 0 }, ...as && { authorization: `Bearer ${as}` } } });
            assert.deepEqual([got.status, answered(got)], [status, JSON_TYPE], name);
        }
    });

    test('as swagger-client sends: the vendor\'s type both ways', async () => {
        await prepare();
        for (const name of Object.keys(families)) {
            const [method, path, body, status, as] = families[name]();
            const got = await ask(method, path, { body, accept: API, type: body && API, headers: { 'accept-encoding': 'gzip, deflate', ...as && { authorization: `Bearer ${as}` } } });
            assert.deepEqual([got.status, answered(got)], [status, API], name);
        }
    });
});
