// Issue 2, point 5: an update changes what it names and nothing else; what was read and is written back changes nothing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, idsOf, person, startGateway } from './harness.mjs';

const without = (value, ...names) => Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

describe('updates', () => {
    let gateway, all, ids, email;
    const canonical = async () => (await all.graph.get(`/v1/patients/${ids.graph}`)).json;
    const twine = async () => (await all.twine.get(`/pub/patient/${ids.twine}`)).json.data;
    const general = async () => (await all.general.get(`/v1/patients/${ids.general}`)).json;

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        const { first_name, last_name, email: address } = person();
        email = address;
        await all.twine.post('/pub/patient', { data: { type: 'patient', attributes: {
            first_name, last_name, email_address: email, birth_date: '1970-01-01', gender: 'female', note: 'a coach wrote this',
            phone_numbers: [{ type: 'home', value: '555-0100' }, { type: 'work', value: '555-0101', primary: true }],
            addresses: [{ lines: ['1 High St', 'Flat 2'], city: 'Leeds', postal_code: 'LS1', country: 'GB', use: 'home' },
                { lines: ['9 Low St'], city: 'York' }],
            identifiers: [{ system: 'MyEHR', value: last_name, label: 'EHR' }, { system: 'MyEHR', value: `${last_name}-2` },
                { system: 'Other', value: 'x', unique: false }],
            favourite_colour: 'green',
        } } });
        ids = await idsOf(all, email);
        await all.graph.patch(`/v1/patients/${ids.graph}`, { metadata: { ward: { number: 7.0 }, tags: [] } });
    });
    after(() => gateway.stop());

    test('a PUT of one field through General changes that field only', async () => {
        const [before, resource] = [await canonical(), await twine()];
        const { json } = await all.general.put(`/v1/patients/${ids.general}`, { patient: { phone: '555-0199' } });
        assert.equal(json.phone, '555-0199');
        const now = await canonical();
        assert.deepEqual(without(now, 'phone', 'updated_at'), without(before, 'phone', 'updated_at'));
        const changed = await twine();
        assert.deepEqual(changed.attributes.phone_numbers, [{ type: 'home', value: '555-0100' }, { type: 'work', value: '555-0199', primary: true }]);
        assert.deepEqual(without(changed.attributes, 'phone_numbers', 'updated_at'), without(resource.attributes, 'phone_numbers', 'updated_at'));
        assert.deepEqual(changed.relationships, resource.relationships);
    });

    test('one member of an address leaves the others', async () => {
        const before = await canonical();
        await all.general.put(`/v1/patients/${ids.general}`, { patient: { address: { state: 'Yorkshire' } } });
        const now = await canonical();
        assert.deepEqual(now.metadata, { ...before.metadata, address: { ...before.metadata.address, state: 'Yorkshire' } });
        const { addresses } = (await twine()).attributes;
        assert.equal(addresses.length, 2);
        assert.equal(addresses[0].country, 'GB');
        assert.deepEqual(addresses[0].lines, ['1 High St', 'Flat 2']);
    });

    test('a text in the place of an address is not lost to a part of one', async () => {
        const { id } = (await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Ann', last_name: 'Ortiz', email: 'ann.ortiz@example.org', metadata: { address: '12 Main St' } }, 201)).json;
        const its = await idsOf(all, 'ann.ortiz@example.org');
        const stored = async () => (await all.graph.get(`/v1/patients/${id}`)).json.metadata.address;
        const refused = await all.general.put(`/v1/patients/${its.general}`, { patient: { address: { city: 'Rome' } } }, 422);
        assert.deepEqual(refused.json.errors['address.city'], ['would replace a value that is not shown here'], refused.text);
        assert.equal(await stored(), '12 Main St');
        const { json } = await all.twine.patch(`/pub/patient/${its.twine}`, { data: { type: 'patient', id: its.twine, attributes: { addresses: [{ city: 'Rome' }] } } }, 409);
        assert.equal(json.errors[0].source.pointer, '/data/attributes/addresses/0/city', JSON.stringify(json));
        assert.equal(await stored(), '12 Main St');
        await all.general.put(`/v1/patients/${its.general}`, { patient: (await all.general.get(`/v1/patients/${its.general}`)).json });
        await all.general.put(`/v1/patients/${its.general}`, { patient: { address: null, phone: '555-0101' } });
        assert.equal(await stored(), '12 Main St');
        await all.graph.patch(`/v1/patients/${id}`, { metadata: { address: { line: '12 Main St' } } });
        await all.general.put(`/v1/patients/${its.general}`, { patient: { address: { city: 'Rome' } } });
        assert.deepEqual(await stored(), { line: '12 Main St', city: 'Rome' });
    });

    test('null clears, absence leaves, a required name stays', async () => {
        await all.general.put(`/v1/patients/${ids.general}`, { patient: { gender: null } });
        assert.equal((await canonical()).gender, null);
        assert.equal('gender' in (await twine()).attributes, false);
        await all.general.put(`/v1/patients/${ids.general}`, { patient: { first_name: null } }, 422);
        await all.twine.patch(`/pub/patient/${ids.twine}`, { data: { type: 'patient', id: ids.twine, attributes: { last_name: null } } }, 409);
        await all.graph.patch(`/v1/patients/${ids.graph}`, { first_name: null }, 400);
        await all.graph.patch(`/v1/patients/${ids.graph}`, { gender: 'female' });
        assert.equal((await general()).gender, 'female');
    });

    test('General: read, written back', async () => {
        const before = await canonical();
        const read = await general();
        const { json } = await all.general.put(`/v1/patients/${ids.general}`, { patient: read });
        assert.deepEqual(without(json, 'updated_at'), without(read, 'updated_at'));
        assert.deepEqual(without(await canonical(), 'updated_at'), without(before, 'updated_at'));
    });

    test('Twine: read, written back', async () => {
        const before = await canonical();
        const read = await twine();
        const { json } = await all.twine.patch(`/pub/patient/${ids.twine}`, { data: read });
        assert.deepEqual(without(json.data.attributes, 'updated_at'), without(read.attributes, 'updated_at'));
        assert.ok(json.meta.ignored.includes('/data/attributes/updated_at'), 'what is read-only is named');
        assert.ok(!json.meta.ignored.includes('/data/id'), 'the id was compared with the one of the path');
        assert.deepEqual(without(await canonical(), 'updated_at'), without(before, 'updated_at'));
        assert.deepEqual(without((await twine()).attributes, 'updated_at'), without(read.attributes, 'updated_at'));
    });

    test('patient-graph: read, written back without what only answers have', async () => {
        const before = await canonical();
        const read = without(before, 'id', 'created_at', 'updated_at', 'age_verified_at', 'ruo_pathway_acknowledged_at',
            'researcher_acknowledgement_id', 'prescription_status', 'prescription_consult_completed_at');
        const { json } = await all.graph.patch(`/v1/patients/${ids.graph}`, read);
        assert.deepEqual(without(json, 'updated_at'), without(before, 'updated_at'));
        await all.graph.patch(`/v1/patients/${ids.graph}`, { created_at: '2020-01-01T00:00:00.000Z' }, 400);
    });

    test('every seeded patient survives the round trip in every dialect', async () => {
        const listed = (await all.general.get('/v1/patients?page_size=10')).json.patients;
        const byCreation = new Map((await all.graph.get('/v1/patients?brand_id=acme&limit=200')).json.patients.map((p) => [p.created_at + p.last_name, p]));
        for (const patient of listed) {
            const entity = byCreation.get(patient.created_at + patient.last_name);
            await all.general.put(`/v1/patients/${patient.id}`, { patient });
            const now = (await all.graph.get(`/v1/patients/${entity.id}`)).json;
            assert.deepEqual(without(now, 'updated_at'), without(entity, 'updated_at'));
        }
        const resources = (await all.twine.get('/pub/patient?filter[organization]=58c4554710123c5c40dbab81&page[size]=10')).json.data;
        for (const data of resources) {
            const { json } = await all.twine.patch(`/pub/patient/${data.id}`, { data });
            assert.deepEqual(without(json.data.attributes, 'updated_at'), without(data.attributes, 'updated_at'));
        }
        for (const entity of byCreation.values()) {
            const now = (await all.graph.get(`/v1/patients/${entity.id}`)).json;
            assert.deepEqual(without(now, 'updated_at'), without(entity, 'updated_at'));
        }
    });

    test('read-only members of a request are never taken', async () => {
        const before = await canonical();
        await all.general.put(`/v1/patients/${ids.general}`, { patient: { id: 1, age: 3, active: false, created_at: '2000-01-01T00:00:00.000Z' } });
        const { json } = await all.twine.patch(`/pub/patient/${ids.twine}`, { data: { type: 'patient', id: ids.twine, attributes: { archived: true } } });
        assert.ok(json.meta.ignored.some((name) => name.includes('archived')), JSON.stringify(json.meta));
        assert.deepEqual(without(await canonical(), 'updated_at'), without(before, 'updated_at'));
    });

    test('If-Match guards a PATCH of patient-graph', async () => {
        const { headers } = await all.graph.get(`/v1/patients/${ids.graph}`);
        assert.match(headers.etag, /^"[^"]+"$/);
        await all.graph.patch(`/v1/patients/${ids.graph}`, { gender: 'x' }, 200, { 'if-match': headers.etag });
        await all.graph.patch(`/v1/patients/${ids.graph}`, { gender: 'y' }, 412, { 'if-match': headers.etag });
        assert.equal((await canonical()).gender, 'x');
    });

    test('If-Match guards the DELETE of a patient-graph patient by the ETag that reading it shows', async () => {
        const graph = gateway.client('patient-graph', { scope: 'read:patients write:patients admin:patients' });
        const made = await graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Short', last_name: 'Lived', date_of_birth: '1990-01-01', gender: 'a' }, 201);
        const path = `/v1/patients/${made.json.id}`, old = (await graph.get(path)).headers.etag;
        await graph.patch(path, { gender: 'b' });
        const now = (await graph.get(path)).headers.etag;
        assert.notEqual(now, old);
        const say = (status, headers) => graph.delete(path, status, headers);
        for (const tag of [old, '"nope"', `W/${now}`, '']) await say(412, { 'if-match': tag });
        for (const tag of [now, '*']) await say(412, { 'if-none-match': tag });
        assert.equal((await graph.get(path)).json.gender, 'b');
        for (const [who, status] of [[{ scope: 'admin:patients', patient: ids.graph }, 403], [{ scope: 'write:patients' }, 403], [{ scope: 'admin:patients', brand: 'globex' }, 404]])
            for (const tag of [now, old]) await gateway.client('patient-graph', who).delete(path, status, { 'if-match': tag });
        assert.equal((await say(200, { 'if-match': `${old}, ${now}` })).json.status, 'deleted');
        await graph.get(path, 404);
        await say(404, { 'if-match': now });
        assert.equal((await say(200)).json.status, 'not_present');
    });
});
