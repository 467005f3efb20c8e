// Walks by cursor: every record that was there at the start is seen exactly once, whatever is added meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, clients, person, startGateway } from './harness.mjs';

describe('walks by cursor', () => {
    let gateway, all;
    const list = `/pub/patient?filter[organization]=${ACME}`;
    const add = () => all.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Late', last_name: person().last_name } } });
    const every = async () => {
        const ids = [];
        for (let page = 1; ; page++) {
            const { json } = await all.twine.get(`${list}&page[number]=${page}&page[size]=50`);
            ids.push(...json.data.map((one) => one.id));
            if (json.data.length < 50) return ids;
        }
    };
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    for (const size of [1, 7, 25, 500])
        test(`by ${size}, with inserts on the way`, async () => {
            const old = await every(), seen = [];
            let count;
            for (let path = `${list}&page[limit]=${size}`; path;) {
                const { json } = await all.twine.get(path);
                assert.ok(json.data.length <= size);
                count ??= json.meta.count;
                assert.equal(json.meta.count, count, 'the count of the beginning');
                assert.deepEqual(Object.keys(json.links ?? {}), json.links?.next ? ['next'] : []);
                seen.push(...json.data.map((one) => one.id));
                if (seen.length < old.length) await add();
                path = json.links?.next;
            }
            assert.equal(new Set(seen).size, seen.length, 'no record twice');
            assert.deepEqual(seen.slice(0, old.length), old, 'every old record, in order');
        });

    test('the other name of the cursor, and metrics', async () => {
        const { json: first } = await all.twine.get(`${list}&page[limit]=2`);
        const cursor = new URL(first.links.next, 'http://x').searchParams.get('page[cursor]');
        const { json: second } = await all.twine.get(`${list}&page[limit]=2&page[after]=${cursor}`);
        assert.equal(second.data.length, 2);
        assert.ok(!second.data.some((one) => first.data.some((other) => other.id === one.id)));
        const { json } = await all.twine.get(`/pub/patient_health_metric?filter[organization]=${ACME}&page[limit]=3`);
        assert.equal(json.data.length, 3);
        assert.ok(json.links.next.startsWith('/pub/patient_health_metric?'));
    });

    test('generated clients send the defaults of both kinds: that is a page', async () => {
        const { json } = await all.twine.get(`${list}&page[number]=1&page[size]=10&page[limit]=50`);
        assert.equal(json.data.length, 10);
        assert.ok(json.links.last);
        const { json: limited } = await all.twine.get(`${list}&page[number]=1&page[size]=10&page[limit]=5`);
        assert.equal(limited.data.length, 5);
        assert.equal(limited.links.last, undefined);
    });

    test('in an order of its own, with events that come and move on the way', async () => {
        const { data: { id } } = (await all.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Walked', last_name: 'Events' } } })).json;
        const owner = { owner: { data: { type: 'patient', id } } };
        const make = async (day) => (await all.twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes: { type: 'reminder', title: day, start_at: `2030-01-${day}T00:00:00Z`, attendees: [] }, relationships: owner } })).json.data.id;
        for (const day of ['09', '03', '05', '03', '01', '07', '05']) await make(day);
        const walk = async (size, meanwhile) => {
            const days = [];
            for (let next = `/pub/calendar_event?filter[patient]=${id}&sort=start_at&page[limit]=${size}`; next;) {
                const { json } = await all.twine.get(next);
                days.push(...json.data.map(({ attributes }) => attributes.title));
                await meanwhile?.(days.length);
                next = json.links?.next;
            }
            return days;
        };
        for (const size of [1, 2, 3, 500]) assert.deepEqual(await walk(size), ['01', '03', '03', '05', '05', '07', '09'], `by ${size}`);
        const days = await walk(2, async (seen) => { if (seen === 4) { await make('02'); await make('06'); } });
        assert.deepEqual(days, ['01', '03', '03', '05', '05', '06', '07', '09'], 'what comes before is not shown, what comes after is');
    });

    test('only the count', async () => {
        const { json } = await all.twine.get(`${list}&page[limit]=0`);
        assert.deepEqual(json.data, []);
        assert.ok(json.meta.count >= 25);
        assert.equal(json.links?.next, undefined);
    });

    test('what is no cursor', async () => {
        for (const query of ['page[cursor]=', 'page[cursor]=x', 'page[cursor]=!!!!', 'page[after]=MQ', 'page[limit]=-1', 'page[limit]=x', 'page[limit]=501',
            `page[cursor]=${Buffer.from('1|yesterday|x').toString('base64url')}`, 'page[limit]=1&page[limit]=2', 'page[cursor]=MQ&page[cursor]=MQ']) {
            const { json } = await all.twine.get(`${list}&${query}`, 409);
            assert.match(json.errors[0].source.parameter, /^page\[/, query);
        }
        for (const [name, value, detail] of [['limit', 1000, 'must be a valid page size (at most 500)'], ['limit', -1, 'must be a valid page size (at most 500)'], ['cursor', 'x', 'must be a valid cursor']]) {
            const [error] = (await all.twine.get(`${list}&page[${name}]=${value}`, 409)).json.errors;
            assert.deepEqual([error.detail, error.source.parameter], [detail, `page[${name}]`]);
        }
        // a list that cannot be walked says so
        await all.twine.get(`/pub/result?filter[patient]=${(await all.twine.get(`${list}&page[size]=1`)).json.data[0].id}&page[limit]=2`);
    });
});
