// Twine's resources: lists and their links, groups, the organization, look-ups in a body, patches.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, GLOBEX, clients, document, person, request, startGateway } from './harness.mjs';
import { hex24 } from './shapes.mjs';

const patient = (attributes = {}, groups) => {
    const { first_name, last_name } = person();
    return { data: { type: 'patient', attributes: { first_name, last_name, ...attributes }, ...(groups ? { relationships: { groups: { data: groups } } } : {}) } };
};
const byName = (name, organization = ACME) => ({ type: 'group', meta: { query: { organization, name } } });
const byId = (id) => ({ type: 'group', id });

describe('Twine', () => {
    let gateway, twine, general, graph;
    before(async () => {
        gateway = await startGateway({ patients: 40 });
        ({ twine, general, graph } = clients(gateway));
    });
    after(() => gateway.stop());

    const groups = async (name) => (await twine.get(`/pub/group?filter[organization]=${ACME}${name ? `&filter[name]=${encodeURIComponent(name)}` : ''}`)).json;

    test('a list, its count and its links', async () => {
        const path = `/pub/patient?filter[organization]=${ACME}`;
        const { json: first } = await twine.get(path);
        assert.equal(first.data.length, 10);
        assert.ok(first.meta.count >= 40);
        const pages = Math.ceil(first.meta.count / 7);
        const seen = new Set();
        let next = `${path}&page[number]=1&page[size]=7`;
        for (let page = 1; next; page++) {
            const { json } = await twine.get(next);
            json.data.forEach((p) => seen.add(p.id));
            assert.equal(json.links.self, next.replace('%5B', '['));
            assert.equal('prev' in json.links, page > 1);
            assert.equal('next' in json.links, page < pages);
            assert.ok(json.links.last.includes(`page[number]=${pages}`));
            next = json.links.next;
        }
        assert.equal(seen.size, first.meta.count);
        const { json: none } = await twine.get(`${path}&page[size]=0`);
        assert.deepEqual(none.data, []);
        assert.equal(none.meta.count, first.meta.count);
        const { json: past } = await twine.get(`${path}&page[number]=999`);
        assert.deepEqual(past.data, []);
    });

    test('what generated clients send: encoded brackets, both kinds of paging, unknown parameters', async () => {
        const { json } = await twine.get(`/pub/patient?filter%5Borganization%5D=${ACME}&page%5Bnumber%5D=1&page%5Bsize%5D=10&page%5Blimit%5D=50&foo=bar`);
        assert.equal(json.data.length, 10);
    });

    test('a host header chooses nothing in a link', async () => {
        const { text } = await twine.get(`/pub/patient?filter[organization]=${ACME}`, 200, { host: 'evil.example', 'x-forwarded-host': 'evil.example' });
        assert.ok(!text.includes('evil.example'));
    });

    test('the host twine.localhost, with and without /pub', async () => {
        for (const prefix of ['/pub', '']) await twine.get(`${prefix}/patient?filter[organization]=${ACME}`, 200, { host: `twine.localhost:${gateway.port}` });
        assert.equal((await request(gateway.port, 'GET', '/patient', { headers: twine.headers() })).status, 404, 'on no other host');
    });

    test('filters', async () => {
        const created = (await twine.post('/pub/patient', patient({ identifiers: [{ system: 'a|b\\c', value: 'x|y' }] }))).json.data;
        const find = async (query) => (await twine.get(`/pub/patient?filter[organization]=${ACME}&${query}`)).json.data.map((p) => p.id);
        const enc = encodeURIComponent;
        assert.deepEqual(await find(`filter[identifier][system]=${enc('a|b\\c')}&filter[identifier][value]=${enc('x|y')}`), [created.id]);
        assert.deepEqual(await find(`filter[identifier][system]=a&filter[identifier][value]=${enc('b\\c|x|y')}`), []);
        const { created_at } = created.attributes;
        const later = new Date(Date.parse(created_at) + 1).toISOString();
        assert.ok((await find(`filter[created_at]=${created_at}..${later}`)).includes(created.id), 'from inclusive');
        assert.ok(!(await find(`filter[created_at]=2000-01-01T00:00:00Z..${created_at}`)).includes(created.id), 'to exclusive');
        assert.ok((await find(`filter[created_at]=${created_at.replace('Z', enc('+00:00'))}..${later}&page[size]=50`)).includes(created.id));
        assert.deepEqual(await find('filter[archived]=true'), []);
        await graph.patch(`/v1/patients/${(await graph.get('/v1/patients?brand_id=acme&limit=200')).json.patients.find((p) => p.external_ids['a|b\\c']).id}`, { status: 'inactive' });
        assert.deepEqual(await find('filter[archived]=true'), [created.id]);
    });

    test('the organization', async () => {
        const { json } = await twine.get(`/pub/organization/${ACME}`);
        assert.equal(json.data.type, 'organization');
        assert.equal(json.data.id, ACME);
        assert.equal(json.data.attributes.name, 'Acme Health');
        assert.equal(json.data.links.self, `/pub/organization/${ACME}`);
    });

    test('groups: list, create, get, a name twice', async () => {
        const { json: made } = await twine.post('/pub/group', { data: { type: 'group', id: '', attributes: { name: 'Night shift', bio: 'after ten' } } }, 201);
        assert.match(made.data.id, hex24);
        assert.deepEqual((await twine.get(`/pub/group/${made.data.id}`)).json.data, made.data);
        assert.equal(made.data.attributes.bio, 'after ten');
        const all = await groups();
        assert.equal(all.meta.count, all.data.length);
        assert.ok(all.data.some((g) => g.attributes.name === 'Patients Lead'));
        assert.deepEqual((await groups('Night shift')).data, [made.data]);
        assert.deepEqual((await groups('night shift')).data, []);
        assert.equal((await twine.post('/pub/group', { data: { type: 'group', attributes: { name: 'Night shift' } } }, 409)).json.errors[0].code, 'InvalidBodyParameter');
        await twine.post('/pub/group', { data: { type: 'group', attributes: { name: ' ' } } }, 409);
        await twine.get('/pub/group', 409);
        await twine.get('/pub/group/000000000000000000000000', 404);
    });

    test('a patient in groups: by id, by name, one that is made', async () => {
        const lead = (await groups('Patients Lead')).data[0].id;
        const { json: one } = await twine.post('/pub/patient', patient({}, [byName('Patients Lead')]));
        assert.deepEqual(one.data.relationships.groups.data, [{ type: 'group', id: lead }]);
        const { json: two } = await twine.post('/pub/patient', patient({}, [byId(lead), byName('Made on the way')]));
        const made = (await groups('Made on the way')).data[0].id;
        assert.deepEqual(two.data.relationships.groups.data.map((g) => g.id).sort(), [lead, made].sort());
        assert.deepEqual((await twine.get(`/pub/patient/${two.data.id}`)).json.data.relationships.groups.data.map((g) => g.id).sort(), [lead, made].sort());
        const members = (await twine.get(`/pub/patient?filter[groups]=${made}`)).json.data;
        assert.deepEqual(members.map((p) => p.id), [two.data.id]);
        const either = (await twine.get(`/pub/patient?filter[groups]=${made},${lead}&page[size]=50`)).json.data.map((p) => p.id);
        assert.ok(either.includes(one.data.id) && either.includes(two.data.id));
        const again = await twine.post('/pub/patient', patient({}, [byName('Made on the way')]));
        assert.deepEqual(again.json.data.relationships.groups.data, [{ type: 'group', id: made }], 'the same group');
    });

    test('two clients make the same group at once: one group', async () => {
        const answers = await Promise.all(Array.from({ length: 12 }, () => twine.post('/pub/patient', patient({}, [byName('Rush')]))));
        const ids = new Set(answers.map((a) => a.json.data.relationships.groups.data[0].id));
        assert.equal(ids.size, 1);
        assert.equal((await groups('Rush')).meta.count, 1);
    });

    test('the example of the documentation, as its own organization', async () => {
        const theirs = gateway.client('twine', { brand: 'globex' });
        const { json } = await theirs.post('/pub/patient', document('twine-patient.json'), 201);
        assert.equal(json.data.attributes.first_name, 'Andrew');
        const { json: lead } = await theirs.get(`/pub/group?filter[organization]=${GLOBEX}&filter[name]=Patients%20Lead`);
        assert.deepEqual(json.data.relationships.groups.data, [{ type: 'group', id: lead.data[0].id }]);
    });

    test('a group that cannot be: nothing is created', async () => {
        const count = async () => (await twine.get(`/pub/patient?filter[organization]=${ACME}&page[size]=0`)).json.meta.count;
        const before = await count();
        for (const group of [byId('000000000000000000000000'), byName('x', GLOBEX), { type: 'group' }, { type: 'group', meta: { query: { organization: ACME } } }, { type: 'coach', id: 'x' }]) {
            const { json } = await twine.post('/pub/patient', patient({}, [group]), 409);
            assert.ok(json.errors[0].source.pointer.startsWith('/data/relationships/groups/data'), JSON.stringify(json));
        }
        assert.equal(await count(), before);
    });

    test('a patch: attributes, groups, what is kept', async () => {
        const { json } = await twine.post('/pub/patient', patient({ note: 'first', shoe_size: 44.0, phone_numbers: [{ type: 'home', value: '555-1' }] }, [byName('Patients Lead')]));
        const { id } = json.data;
        const change = (attributes, relationships) => twine.patch(`/pub/patient/${id}`, { data: { type: 'patient', id, attributes, ...(relationships ? { relationships } : {}) } });
        assert.equal((await change({ note: 'second' })).json.data.attributes.note, 'second');
        const { attributes, relationships } = (await twine.get(`/pub/patient/${id}`)).json.data;
        assert.equal(attributes.shoe_size, 44);
        assert.equal(relationships.groups.data.length, 1);
        const moved = (await change({}, { groups: { data: [byName('Elsewhere')] } })).json.data;
        assert.deepEqual(moved.relationships.groups.data, [{ type: 'group', id: (await groups('Elsewhere')).data[0].id }]);
        assert.equal('note' in (await change({ note: null })).json.data.attributes, false);
        await twine.patch(`/pub/patient/${id}`, { data: { type: 'group', id, attributes: {} } }, 409);
        assert.equal((await general.get('/v1/patients?search=555-1')).json.patients.length >= 1, true);
    });

    test('an identifier that only the gateway keeps finds its patient', async () => {
        const own = `kept-${process.pid}`;
        const identifiers = [{ system: own, value: 'first' }, { system: own, value: 'second|' }, { system: 'shared', value: own, unique: false }];
        const id = (await twine.post('/pub/patient', patient({ identifiers }, [byName('Patients Lead')]))).json.data.id;
        const filter = (system, value) => twine.get(`/pub/patient?filter[organization]=${ACME}&filter[identifier][system]=${system}&filter[identifier][value]=${encodeURIComponent(value)}`);
        const weigh = (system, value, status) => twine.post('/pub/patient_health_metric', { data: { type: 'patient_health_metric', attributes: { type: 'weight', value: 70 },
            relationships: { patient: { data: { type: 'patient', meta: { query: { identifier: { system, value } } } } } } } }, status);
        for (const { system, value } of identifiers) {
            const { data, meta } = (await filter(system, value)).json;
            assert.deepEqual([data.map((one) => one.id), meta.count], [[id], 1], value);
            assert.equal((await weigh(system, value, 200)).json.data.relationships.patient.data.id, id);
        }
        // a second patient that shares one: a look-up finds two, a filter shows both
        const other = (await twine.post('/pub/patient', patient({ identifiers: [identifiers[2]] }))).json.data.id;
        await weigh('shared', own, 409);
        assert.deepEqual((await filter('shared', own)).json.data.map((one) => one.id), [id, other]);
        await twine.patch(`/pub/patient/${other}`, { data: { type: 'patient', id: other, attributes: { identifiers: [] } } });
        await weigh('shared', own, 200);
        const globex = gateway.client('twine', { brand: 'globex' });
        assert.deepEqual((await globex.get(`/pub/patient?filter[organization]=${GLOBEX}&filter[identifier][system]=shared&filter[identifier][value]=${own}`)).json.data, []);
    });

    test('a client-given id on a create is ignored', async () => {
        for (const id of ['', 'x', '000000000000000000000000']) {
            const body = patient();
            body.data.id = id;
            assert.notEqual((await twine.post('/pub/patient', body)).json.data.id, id);
        }
    });
});
