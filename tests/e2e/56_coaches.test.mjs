// A patient's coaches, said with the patient: they are the canonical providers that are linked as primary or specialist. A pharmacy
// or a laboratory is no coach: it is neither shown nor touched.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { backendCall } from './backend_kit.mjs';
import { ACME, clients, person, startGateway } from './harness.mjs';

const NOBODY = '000000000000000000000000';
const coach = (id, primary) => ({ type: 'coach', id, ...primary !== undefined && { meta: { primary } } });

describe('coaches of a patient', () => {
    let gateway, twine, group, ids = {}, providers = {}, number = 0;

    const body = (coaches, more = {}) => {
        const { first_name, last_name } = person();
        return { type: 'patient', attributes: { first_name, last_name, identifiers: [{ system: 'coached', value: String(++number) }], ...more },
            relationships: { groups: { data: [{ type: 'group', id: group }] }, ...coaches && { coaches: { data: coaches } } } };
    };
    const make = async (coaches) => (await twine.post('/pub/patient', { data: body(coaches) }, 201)).json.data;
    const shown = async (id) => (await twine.get(`/pub/patient/${id}`)).json.data.relationships.coaches.data;
    const canonical = async (n = number) => (await backendCall(gateway, 'GET', `/v1/patients?brand_id=acme&external_id=coached%7C${n}`)).patients[0].id;
    const links = async (id) => (await backendCall(gateway, 'GET', `/v1/patients/${id}/providers`)).providers.map((one) => [one.provider_id, one.relationship]);
    const link = (id, provider, relationship) => backendCall(gateway, 'POST', `/v1/patients/${id}/providers`, { provider_id: providers[provider], relationship });

    before(async () => {
        gateway = await startGateway();
        ({ twine } = clients(gateway));
        group = (await twine.post('/pub/group', { data: { type: 'group', attributes: { name: 'Coached' } } }, 201)).json.data.id;
        for (const name of ['Ann One', 'Ben Two', 'Cid Pharma'])
            providers[name] = (await backendCall(gateway, 'POST', '/v1/providers', { brand_id: 'acme', name })).id;
        for (const { id, attributes: { first_name } } of (await twine.get(`/pub/coach?filter[organization]=${ACME}`)).json.data) ids[first_name] = id;
        assert.deepEqual(Object.keys(ids).sort(), ['Ann', 'Ben', 'Cid']);
    });
    after(() => gateway.stop());

    test('are shown with the patient, and are its providers', async () => {
        const coaches = [coach(ids.Ann, true), coach(ids.Ben, false)];
        const made = await make(coaches);
        assert.deepEqual(made.relationships.coaches.data, coaches);
        assert.deepEqual(await shown(made.id), coaches);
        const id = await canonical();
        assert.deepEqual(await links(id), [[providers['Ann One'], 'primary'], [providers['Ben Two'], 'specialist']]);
        const { data } = (await twine.get(`/pub/patient/${made.id}/coaches`)).json;
        assert.deepEqual(data.map((one) => one.id).sort(), [ids.Ann, ids.Ben].sort());
        const listed = (await twine.get(`/pub/patient?filter[groups]=${group}`)).json.data.find((one) => one.id === made.id);
        assert.deepEqual(listed, made);
    });

    test('without primary a coach is a specialist; none are none', async () => {
        assert.deepEqual((await make([coach(ids.Ben)])).relationships.coaches.data, [coach(ids.Ben, false)]);
        assert.deepEqual((await make([])).relationships.coaches.data, []);
        assert.deepEqual((await make()).relationships.coaches.data, []);
    });

    test('an update replaces them; what was shown and is written back changes nothing', async () => {
        const { id } = await make([coach(ids.Ann, true)]);
        const patient = await canonical();
        const patch = async (coaches, status) => (await twine.patch(`/pub/patient/${id}`, { data: { type: 'patient', id, relationships: { coaches: { data: coaches } } } }, status)).json;
        await link(patient, 'Cid Pharma', 'pharmacy');
        assert.deepEqual(await shown(id), [coach(ids.Ann, true)], 'a pharmacy is no coach');
        assert.deepEqual((await twine.get(`/pub/patient/${id}/coaches`)).json.data.map((one) => one.id), [ids.Ann]);
        // The id alone says nothing of primary.
        assert.deepEqual((await patch([coach(ids.Ann), coach(ids.Ben)])).data.relationships.coaches.data, [coach(ids.Ann, true), coach(ids.Ben, false)]);
        assert.deepEqual((await patch([coach(ids.Ben, true)])).data.relationships.coaches.data, [coach(ids.Ben, true)]);
        const before = (await twine.get(`/pub/patient/${id}`)).json.data;
        assert.deepEqual((await twine.patch(`/pub/patient/${id}`, { data: before })).json.data, before);
        // Other members, and no members, leave them.
        await twine.patch(`/pub/patient/${id}`, { data: { type: 'patient', id, attributes: { note: 'x' }, relationships: { groups: { data: [] } } } });
        assert.deepEqual(await shown(id), [coach(ids.Ben, true)]);
        assert.deepEqual((await patch([])).data.relationships.coaches.data, []);
        assert.deepEqual(await links(patient), [[providers['Cid Pharma'], 'pharmacy']], 'the pharmacy stays');
        // One that is named is a coach from then on.
        assert.deepEqual((await patch([coach(ids.Cid)])).data.relationships.coaches.data, [coach(ids.Cid, false)]);
    });

    test('one that nobody knows is a fault at its place, and nothing is stored', async () => {
        const count = async () => (await twine.get(`/pub/patient?filter[organization]=${ACME}&page[size]=0`)).json.meta.count;
        const before = await count();
        await backendCall(gateway, 'POST', '/v1/providers', { brand_id: 'globex', name: 'Dora Other' }, { brand: 'globex' });
        const theirs = (await gateway.client('twine', { brand: 'globex' }).get('/pub/coach?filter[organization]=58c88de7c93eb96357a87033')).json.data[0].id;
        for (const [one, pointer] of [[coach(NOBODY), '0/id'], [coach(theirs), '0/id'], [{ type: 'coach' }, '0/id'], [{ type: 'patient', id: ids.Ann }, '0/type'], [{ ...coach(ids.Ann), meta: { primary: 'yes' } }, '0/meta/primary']]) {
            const { json } = await twine.post('/pub/patient', { data: body([one]) }, 409);
            assert.deepEqual([json.errors[0].code, json.errors[0].source.pointer], ['InvalidBodyParameter', `/data/relationships/coaches/data/${pointer}`], JSON.stringify(one));
        }
        const { json } = await twine.post('/pub/patient', { data: [body([coach(ids.Ann)]), body([coach(ids.Ben), coach(NOBODY)])] }, 409);
        assert.equal(json.errors[0].source.pointer, '/data/1/relationships/coaches/data/1/id');
        assert.equal(await count(), before);
    });

    test('in bulk each has its own; an upsert says them, too', async () => {
        const wanted = [[coach(ids.Ann, true)], [], [coach(ids.Ben, false), coach(ids.Cid, true)]];
        const { data } = (await twine.post('/pub/patient', { data: wanted.map((coaches) => body(coaches)) }, 201)).json;
        assert.deepEqual(data.map((one) => one.relationships.coaches.data), wanted);
        const say = async (coaches) => (await twine.call('PUT', '/pub/patient', { status: 200, body: { meta: { query: { identifier: { system: 'up', value: 'c' }, groups: [group] } },
            data: { type: 'patient', attributes: { first_name: 'Una', last_name: 'Upsert' }, relationships: { coaches: { data: coaches } } } } })).json.data.relationships;
        for (const coaches of [[coach(ids.Ann, true)], [coach(ids.Ben, true)], []]) {
            const relationships = await say(coaches);
            assert.deepEqual(relationships.coaches.data, coaches);
            assert.deepEqual(relationships.groups.data, [{ type: 'group', id: group }], 'in the groups it was looked for in');
        }
    });

    test('coaches of groups', async () => {
        const own = (await twine.post('/pub/group', { data: { type: 'group', attributes: { name: 'Two coaches' } } }, 201)).json.data.id;
        const one = body([coach(ids.Ann), coach(ids.Ben)]);
        one.relationships.groups.data = [{ type: 'group', id: own }];
        const { id } = (await twine.post('/pub/patient', { data: one }, 201)).json.data;
        await link(await canonical(), 'Cid Pharma', 'lab');
        const { data, meta } = (await twine.get(`/pub/coach?filter[groups]=${own}`)).json;
        assert.deepEqual([data.map((each) => each.id).sort(), meta.count], [[ids.Ann, ids.Ben].sort(), 2]);
        assert.ok(id);
    });

    test('a token bound to groups, and one bound to the patient', async () => {
        const made = await make([coach(ids.Ann, true)]);
        const patient = await canonical();
        const groupId = (await backendCall(gateway, 'GET', '/v1/groups?name=Coached')).groups[0].id;
        for (const who of [{ group: groupId }, { patient }]) {
            const bound = gateway.client('twine', who);
            const { data } = (await bound.get(`/pub/patient/${made.id}`)).json;
            assert.deepEqual({ ...data, attributes: { ...data.attributes, updated_at: made.attributes.updated_at } }, made);
            assert.deepEqual((await bound.get(`/pub/patient/${made.id}/coaches`)).json.data.map((one) => one.id), [ids.Ann]);
            const { json } = await bound.patch(`/pub/patient/${made.id}`, { data: { type: 'patient', id: made.id, relationships: { coaches: { data: [coach(ids.Ann, true), coach(ids.Ben, false)] } } } });
            assert.deepEqual(json.data.relationships.coaches.data, [coach(ids.Ann, true), coach(ids.Ben, false)]);
            await twine.patch(`/pub/patient/${made.id}`, { data: { type: 'patient', id: made.id, relationships: { coaches: { data: [coach(ids.Ann, true)] } } } });
        }
        const other = await make([]);
        await gateway.client('twine', { patient }).patch(`/pub/patient/${other.id}`, { data: { type: 'patient', id: other.id, relationships: { coaches: { data: [coach(ids.Ann)] } } } }, 403);
        assert.deepEqual(await shown(other.id), []);
    });
});
