// Every list of Twine and every filter that reference/twine-api.md has for it: what it takes, what it refuses, what it needs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { backendCall } from './backend_kit.mjs';
import { ACME, clients, person, startGateway } from './harness.mjs';

const NOBODY = '000000000000000000000000';
const RANGE = '2017-11-01T00:00:00-04:00..2017-12-01T00:00:00-05:00';

// What a filter takes, and what it does not.
const kinds = {
    id: { good: [NOBODY], bad: [] }, // an id that nobody has selects nothing
    ids: { good: [NOBODY, `${NOBODY},${ACME}`, ''], bad: [] },
    text: { good: ['x', 'a,b'], bad: [] },
    boolean: { good: ['true', 'false'], bad: ['yes', '1', ''] },
    range: { good: [RANGE, '2018-02-20T00:00:00Z..2018-02-21T00:00:00.000Z'], bad: ['2017-11-01', `${RANGE}..`, '..', 'a..b', '2017-11-01T00:00:00Z..'] },
    moment: { good: ['2018-02-20T00:00:00Z'], bad: ['yesterday'] },
    event: { good: ['plan-check-in', 'reminder', 'telephone-call', 'office-visit', 'video-call'], bad: ['visit', ''] },
    system: { good: [], bad: [] }, // one of two that need each other
    order: { good: ['send_time', '-send_time'], bad: ['created_at'] },
    start: { good: ['start_at'], bad: ['title'] },
};
const whose = { 'filter[patient]': 'id', 'filter[groups]': 'ids', 'filter[organization]': 'id' };
const times = { 'filter[created_at]': 'range', 'filter[updated_at]': 'range' };
// path: filters; `one`: one of them must be there; `all`: each of them must.
const lists = {
    '/group': { filters: { 'filter[organization]': 'id', 'filter[name]': 'text' }, all: ['filter[organization]'] },
    '/coach': { filters: { 'filter[groups]': 'ids', 'filter[organization]': 'id' }, one: true },
    '/patient': { filters: { 'filter[groups]': 'ids', 'filter[organization]': 'id', 'filter[identifier][system]': 'system', 'filter[identifier][value]': 'system',
        'filter[archived]': 'boolean', ...times }, one: true },
    '/calendar_event': { filters: { ...whose, 'filter[attendees]': 'ids', 'filter[type]': 'event', 'filter[completed]': 'boolean', 'filter[start_at]': 'range',
        'filter[end_at]': 'range', 'filter[completed_at]': 'range', ...times, sort: 'start' }, one: true },
    '/email_history': { filters: { 'filter[sender]': 'id', 'filter[receiver]': 'id', 'filter[emailType]': 'text', sort: 'order' }, one: true },
    '/health_profile': { filters: whose, one: true },
    '/health_profile_answer': { filters: whose, one: true },
    '/health_profile_question': { filters: whose, one: true },
    '/patient_health_metric': { filters: whose, one: true },
    '/patient_plan_summary': { filters: whose, one: true },
    '/reward_program': { filters: { 'filter[groups]': 'ids', 'filter[organization]': 'id' }, one: true },
    '/reward_program_activation': { filters: whose, one: true },
    '/reward': { filters: whose, one: true },
    '/reward_earning': { filters: { 'filter[patient]': 'id', 'filter[groups]': 'ids', 'filter[ready_for_fulfillment]': 'boolean' }, one: true },
    '/reward_earning_fulfillment': { filters: { 'filter[patient]': 'id' }, all: ['filter[patient]'] },
    '/result': { filters: { 'filter[patient]': 'id', 'filter[actions]': 'ids', 'filter[threads]': 'text', 'filter[start_at]': 'moment', 'filter[end_at]': 'moment', ...times },
        all: ['filter[patient]'] },
    '/health_question_definition': { filters: {} },
};

describe("the filters of Twine's lists", () => {
    let gateway, twine;
    before(async () => {
        gateway = await startGateway();
        ({ twine } = clients(gateway));
    });
    after(() => gateway.stop());

    const get = (path, query, status) => twine.get(`/pub${path}?${Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`, status);
    const refuses = async (path, query, parameter) => {
        const [error] = (await get(path, query, 409)).json.errors;
        assert.deepEqual([error.code, error.source], ['InvalidParameter', { parameter }], `${path} ${JSON.stringify(query)}`);
    };

    for (const [path, { filters, one, all = [] }] of Object.entries(lists)) {
        test(path, async () => {
            const first = one ? ['filter[organization]', 'filter[patient]', 'filter[sender]'].find((name) => name in filters) : undefined;
            const base = Object.fromEntries([...all, ...(first ? [first] : [])].map((name) => [name, name === 'filter[organization]' ? ACME : NOBODY]));
            await get(path, base, 200);
            for (const name of all) await refuses(path, Object.fromEntries(Object.entries(base).filter(([own]) => own !== name)), name);
            if (one) assert.equal((await get(path, {}, 409)).json.errors[0].code, 'InvalidParameter');
            for (const [name, kind] of Object.entries(filters)) {
                for (const value of kinds[kind].good) assert.ok(Array.isArray((await get(path, { ...base, [name]: value }, 200)).json.data), `${path} ${name}`);
                for (const value of kinds[kind].bad) await refuses(path, { ...base, [name]: value }, name);
            }
            if (!('sort' in filters)) await refuses(path, { ...base, sort: 'created_at' }, 'sort');
            await refuses(path, { ...base, 'filter[shoe_size]': '44' }, 'filter[shoe_size]');
            await get(path, { ...base, utm_source: 'x' }, 200); // what is no filter is no business of ours
        });
    }

    test('pages: 10 and at most 50, of answers 50 and at most 100', async () => {
        const sizes = async (path, usual, most) => {
            const base = { 'filter[organization]': ACME };
            const { links } = (await get(path, base, 200)).json;
            assert.match(links.self, new RegExp(`page\\[size\\]=${usual}$`), path);
            for (const size of [0, most]) await get(path, { ...base, 'page[size]': size }, 200);
            for (const size of [most + 1, -1, 'x']) await refuses(path, { ...base, 'page[size]': size }, 'page[size]');
            // The defaults of generated clients are a page; another limit beside them is a walk.
            const defaults = { ...base, 'page[number]': 1, 'page[size]': usual };
            assert.ok((await get(path, { ...defaults, 'page[limit]': 50 }, 200)).json.links.last, path);
            assert.equal((await get(path, { ...defaults, 'page[limit]': 7 }, 200)).json.links?.last, undefined, path);
        };
        for (const path of ['/patient', '/calendar_event', '/health_profile', '/patient_health_metric']) await sizes(path, 10, 50);
        await sizes('/health_profile_answer', 50, 100);
    });

    test('a filter under both of its names is there twice', async () => {
        for (const path of ['/patient', '/calendar_event']) {
            await refuses(path, { 'filter[group]': NOBODY, 'filter[groups]': NOBODY }, 'filter[groups]');
            await get(path, { 'filter[group]': NOBODY }, 200);
        }
    });

    test('one half of an identifier needs the other', async () => {
        const [system, value] = ['filter[identifier][system]', 'filter[identifier][value]'];
        await refuses('/patient', { 'filter[organization]': ACME, [system]: 'x' }, value);
        await refuses('/patient', { 'filter[organization]': ACME, [value]: 'x' }, system);
        await get('/patient', { 'filter[organization]': ACME, [system]: 'x', [value]: 'y' }, 200);
    });

    test('events by their attendees and their ends', async () => {
        const { id: owner } = (await twine.post('/pub/patient', { data: { type: 'patient', attributes: (({ first_name, last_name }) => ({ first_name, last_name }))(person()), relationships: { groups: { data: [] } } } }, 201)).json.data;
        const [coach, other] = ['5a0c8e27a9d454cc150997c9', '5a0c8e27a9d454cc150997ca'];
        const make = async (attendees, end_at) => (await twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes: { type: 'reminder', title: 'x', start_at: '2018-02-20T14:00:00Z', attendees, ...(end_at && { end_at }) },
            relationships: { owner: { data: { type: 'patient', id: owner } } } } }, 201)).json.data;
        const a = await make([{ user: coach, response_status: 'accepted', _id: 'x' }, { user: owner }], '2018-02-20T16:00:00+01:00');
        const b = await make([{ user: other }], '2018-02-20T16:00:00Z');
        const c = await make([]);
        assert.deepEqual([a.attributes.end_at, a.attributes.attendees[0]], ['2018-02-20T15:00:00.000Z', { user: coach, response_status: 'accepted', _id: 'x' }]);
        // Whatever else says of metadata: it is nobody's attendee.
        const { patients: [{ id: patient_id }] } = await backendCall(gateway, 'GET', '/v1/patients?brand_id=acme&limit=1');
        for (const attendees of [coach, [coach], { user: coach, x: 1 }, [{ user: [coach] }], [{ user: { user: coach } }], 7, [[{ user: coach }]]])
            await backendCall(gateway, 'POST', `/v1/patients/${patient_id}/encounters`, { brand_id: 'acme', encounter_type: 'other', metadata: { attendees, scheduled_end_at: ['2018'] } });
        const ids = async (query) => (await get('/calendar_event', query, 200)).json.data.map(({ id }) => id);
        assert.deepEqual(await ids({ 'filter[attendees]': coach }), [a.id], 'it is one of those of which one must be there');
        assert.deepEqual(await ids({ 'filter[attendees]': `${owner},${other}` }), [a.id, b.id]);
        assert.deepEqual(await ids({ 'filter[attendees]': owner, 'filter[patient]': NOBODY }), []);
        assert.deepEqual(await ids({ 'filter[patient]': owner, 'filter[end_at]': '2018-02-20T15:00:00Z..2018-02-20T16:00:00Z' }), [a.id], 'the start is inclusive, the end is not');
        assert.deepEqual(await ids({ 'filter[patient]': owner, 'filter[end_at]': '2018-02-20T10:00:00-05:00..2018-02-20T12:00:00-05:00' }), [a.id, b.id]);
        // As they change, so do the answers.
        const change = (id, attributes) => twine.patch(`/pub/calendar_event/${id}`, { data: { type: 'calendar_event', id, attributes } });
        await change(a.id, { attendees: [{ user: other }], end_at: null });
        await change(c.id, { end_at: '2018-02-20T15:30:00Z' });
        assert.deepEqual(await ids({ 'filter[attendees]': coach }), []);
        assert.deepEqual(await ids({ 'filter[attendees]': other }), [a.id, b.id]);
        assert.deepEqual(await ids({ 'filter[patient]': owner, 'filter[end_at]': '2018-02-20T15:00:00Z..2018-02-20T16:00:00Z' }), [c.id]);
        assert.deepEqual((await gateway.client('twine', { brand: 'globex' }).get(`/pub/calendar_event?filter[attendees]=${other}`)).json.data, [], "another tenant's events are nobody's");
    });

    test('what is not completed is found whatever else the backend says of it', async () => {
        const { patients: [{ id: patient_id }] } = await backendCall(gateway, 'GET', '/v1/patients?brand_id=acme&limit=1');
        const group = (await backendCall(gateway, 'POST', '/v1/groups', { brand_id: 'acme', name: 'Visited' })).id;
        await backendCall(gateway, 'PUT', `/v1/patients/${patient_id}/groups`, { group_ids: [group] });
        const { data: [{ id }] } = (await get('/group', { 'filter[organization]': ACME, 'filter[name]': 'Visited' })).json;
        for (const status of ['scheduled', 'in_progress', 'cancelled', 'completed']) {
            const made = await backendCall(gateway, 'POST', `/v1/patients/${patient_id}/encounters`, { brand_id: 'acme', encounter_type: 'other', chief_complaint: `is ${status}` });
            await backendCall(gateway, 'PATCH', `/v1/encounters/${made.id}`, { status });
        }
        const titles = async (completed) => (await get('/calendar_event', { 'filter[groups]': id, 'filter[completed]': completed }, 200)).json.data
            .map(({ attributes }) => attributes.title).filter((title) => title?.startsWith('is ')).sort();
        assert.deepEqual(await titles('false'), ['is cancelled', 'is in_progress', 'is scheduled']);
        assert.deepEqual(await titles('true'), ['is completed']);
    });

    test('earnings that are ready, and those that are not', async () => {
        const { patients: [{ id: patient_id }] } = await backendCall(gateway, 'GET', '/v1/patients?brand_id=acme&limit=1');
        const make = (body) => backendCall(gateway, 'POST', '/v1/reward_earnings', { brand_id: 'acme', patient_id, earned_value: '1', ...body });
        for (const ready of [true, false, undefined]) await make(ready === undefined ? {} : { ready_for_fulfillment: ready });
        const group = (await backendCall(gateway, 'POST', '/v1/groups', { brand_id: 'acme', name: 'Earners' })).id;
        await backendCall(gateway, 'PUT', `/v1/patients/${patient_id}/groups`, { group_ids: [group] });
        const { data: [{ id }] } = (await get('/group', { 'filter[organization]': ACME, 'filter[name]': 'Earners' })).json;
        const count = async (more) => (await get('/reward_earning', { 'filter[groups]': id, ...more }, 200)).json.meta.count;
        assert.deepEqual([await count({}), await count({ 'filter[ready_for_fulfillment]': 'true' }), await count({ 'filter[ready_for_fulfillment]': 'false' })], [3, 1, 2]);

        // "for which ready_for_fulfillment is true and fulfilled_at is null": whoever pays what is ready must not pay twice
        await make({ ready_for_fulfillment: true, fulfilled_at: '2024-01-01T00:00:00.000Z' });
        const paid = await make({ ready_for_fulfillment: true });
        await backendCall(gateway, 'POST', '/v1/reward_earning_fulfillments', { brand_id: 'acme', patient_id, reward_earning_id: paid.id, fulfilled_value: 1 });
        assert.deepEqual([await count({}), await count({ 'filter[ready_for_fulfillment]': 'true' }), await count({ 'filter[ready_for_fulfillment]': 'false' })], [5, 1, 2]);
    });
});
