// A client of JSON:API that knows nothing of Twine: create, read, update, list, include, delete. And how many calls a list costs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Kitsu from 'kitsu';
import { ACME, clients, person, startGateway } from './harness.mjs';
import { hex24 } from './shapes.mjs';

describe('a JSON:API client', () => {
    let gateway, twine, api, group;
    before(async () => {
        gateway = await startGateway({ patients: 60 });
        ({ twine } = clients(gateway));
        api = new Kitsu({ baseURL: `http://127.0.0.1:${gateway.port}/pub`, pluralize: false, camelCaseTypes: false,
            headers: { authorization: `Bearer ${twine.token}` } });
        group = (await api.create('group', { name: 'Kitsu' })).data;
    });
    after(() => gateway.stop());

    test('creates, reads, updates, lists', async () => {
        const { first_name, last_name } = person();
        const { data: made } = await api.create('patient', { first_name, last_name, groups: { data: [{ type: 'group', id: group.id }] } });
        assert.match(made.id, hex24);
        assert.deepEqual((await api.get(`patient/${made.id}`)).data, made);
        const { data: changed } = await api.update('patient', { id: made.id, note: 'by kitsu', birth_date: '1984-02-29' });
        assert.deepEqual([changed.id, changed.first_name, changed.note, changed.birth_date], [made.id, first_name, 'by kitsu', '1984-02-29']);
        const { data, meta, links } = await api.get('patient', { params: { filter: { groups: group.id }, page: { number: 1, size: 5 } } });
        assert.deepEqual([data.map(({ id }) => id), meta.count], [[made.id], 1]);
        assert.ok(links.self.startsWith('/pub/patient?'));
    });

    test('includes what is related, and deletes', async () => {
        const { data: owner } = await api.create('patient', { ...Object.fromEntries(Object.entries(person()).filter(([name]) => /^(first|last)_name$/.test(name))), groups: { data: [{ type: 'group', id: group.id }] } });
        const { data: event } = await api.create('calendar_event', { type: 'calendar_event' }, {}).catch((error) => ({ data: error }));
        assert.equal(event.response?.status, 409, 'what is missing is told');
        assert.ok(event.errors.every(({ status, source }) => status === '409' && source.pointer.startsWith('/data')), JSON.stringify(event.errors));
        const made = (await twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes: { type: 'office-visit', title: 'Visit', start_at: '2024-05-01T10:00:00Z', attendees: [] },
            relationships: { owner: { data: { type: 'patient', id: owner.id } } } } }, 201)).json.data;
        const { data: [shown] } = await api.get('calendar_event', { params: { filter: { patient: owner.id }, include: 'owner' } });
        assert.deepEqual([shown.id, shown.owner.data.id, shown.owner.data.first_name], [made.id, owner.id, owner.first_name]);
        await api.delete('calendar_event', made.id);
        await assert.rejects(api.get(`calendar_event/${made.id}`), ({ response, errors }) => response.status === 404 && errors[0].code === 'ResourceNotFound');
    });

    test('a list costs one call, and one more for each kind that is included', async () => {
        const calls = async (path) => {
            const before = await gateway.metric('dragoman_upstream_requests_total');
            const { json } = await twine.get(path, 200);
            return [json, await gateway.metric('dragoman_upstream_requests_total') - before];
        };
        const list = `/pub/patient?filter[organization]=${ACME}&page[size]=50`;
        const [patients, first] = await calls(list);
        assert.deepEqual([patients.data.length, first], [50, 1]);
        for (const [i, { id }] of patients.data.entries())
            await twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes: { type: 'reminder', title: `${i}`, start_at: '2031-05-01T10:00:00Z', attendees: [] },
                relationships: { owner: { data: { type: 'patient', id } } } } }, 201);
        const events = `/pub/calendar_event?filter[organization]=${ACME}&filter[start_at]=2031-01-01T00:00:00Z..2032-01-01T00:00:00Z&page[size]=50`;
        assert.equal((await calls(events))[1], 1);
        const [{ data, included }, both] = await calls(`${events}&include=owner`);
        assert.deepEqual([data.length, included.length, both], [50, 50, 2]);
    });
});
