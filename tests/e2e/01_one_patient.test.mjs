// Issue 2, point 1: the POST example of the General documentation, read back through every dialect.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, clients, document, graphFind, idsOf, person, startGateway, twineFind, withEmail } from './harness.mjs';
import { hex24, moment } from './shapes.mjs';

const example = document('general-create.json');
const shown = JSON.parse(document('general-patient.json'));
const organization = `/pub/patient?filter[organization]=${ACME}`;

/** Whole years at today's UTC date; 29 February counts on 1 March. */
function age(birth, today = new Date()) {
    const [year, month, day] = birth.split('-').map(Number);
    const years = today.getUTCFullYear() - year;
    const now = (today.getUTCMonth() + 1) * 100 + today.getUTCDate();
    return now >= month * 100 + day ? years : years - 1;
}

const iso = (date) => date.toISOString().slice(0, 10);

describe('one patient in three dialects', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    test('the example, byte for byte', async () => {
        const { json, headers } = await all.general.post('/v1/patients', example, 201);
        const sent = JSON.parse(example).patient;
        assert.match(headers['content-type'], /^application\/json/);
        assert.ok(Number.isInteger(json.id) && json.id > 0);
        for (const [name, value] of Object.entries(sent)) assert.deepEqual(json[name], value, `${name} as sent`);
        assert.equal(json.age, age('2010-05-15'));
        assert.equal(json.active, true);
        assert.match(json.created_at, moment);
        assert.deepEqual(Object.keys(json), Object.keys(shown));
        assert.deepEqual((await all.general.get(`/v1/patients/${json.id}`)).json, json);

        // Its e-mail address is none: General alone shows it.
        const canonical = await graphFind(all.graph, (p) => p.created_at === json.created_at && p.last_name === 'Doe');
        assert.equal(canonical.email, null);
        assert.equal(canonical.date_of_birth, '2010-05-15');
        const other = await twineFind(all.twine, organization, (p) => p.attributes.created_at === json.created_at);
        assert.equal('email_address' in other.attributes, false);
    });

    test('with an ordinary e-mail address, read back through Twine and patient-graph', async () => {
        const email = person().email;
        const { json: created } = await all.general.post('/v1/patients', withEmail(email), 201);
        assert.equal(created.email, email);
        const ids = await idsOf(all, email);
        assert.equal(ids.general, created.id);

        const { json: twine, headers } = await all.twine.get(`/pub/patient/${ids.twine}`);
        assert.match(twine.data.id, hex24);
        assert.equal(twine.data.type, 'patient');
        assert.equal(twine.meta.req_id, headers['x-request-id']);
        const a = twine.data.attributes;
        assert.equal(a.first_name, 'John');
        assert.equal(a.last_name, 'Doe');
        assert.equal(a.birth_date, '2010-05-15');
        assert.equal(a.gender, 'male');
        assert.equal(a.email_address, email);
        assert.equal(a.phone_numbers.length, 1);
        assert.equal(a.phone_numbers[0].value, '+1-555-123-4567');
        assert.equal(a.addresses.length, 1);
        const { lines, city, state, postal_code } = a.addresses[0];
        assert.deepEqual({ lines, city, state, postal_code }, { lines: ['123 Main St'], city: 'Anytown', state: 'CA', postal_code: '12345' });
        assert.equal(a.archived, false);
        assert.equal(a.created_at, created.created_at);

        const { json: graph } = await all.graph.get(`/v1/patients/${ids.graph}`);
        assert.equal(graph.brand_id, 'acme');
        assert.equal(graph.first_name, 'John');
        assert.equal(graph.date_of_birth, '2010-05-15');
        assert.equal(graph.email, email);
        assert.equal(graph.phone, '+1-555-123-4567');
        assert.equal(graph.status, 'active');
        assert.deepEqual(graph.external_ids, {});
        assert.deepEqual(graph.metadata.address, { line: '123 Main St', city: 'Anytown', state: 'CA', postal_code: '12345' });
        for (const documented of ['age_verified_at', 'ruo_pathway_acknowledged_at', 'researcher_acknowledgement_id', 'prescription_status'])
            assert.equal(graph[documented], null, `${documented} is there`);

        const { json: safe } = await all.graph.get(`/v1/patients/${ids.graph}/safe`);
        assert.equal(safe.id, ids.graph);
    });

    test('the age today, on a birthday, and the day before', async () => {
        const today = new Date();
        const birthday = `1990-${iso(today).slice(5)}`;
        const tomorrow = new Date(Date.UTC(1990, today.getUTCMonth(), today.getUTCDate() + 1));
        for (const date_of_birth of [birthday === '1990-02-29' ? '1990-03-01' : birthday, iso(tomorrow), '1984-02-29', iso(today)]) {
            const { json } = await all.general.post('/v1/patients', { patient: person({ date_of_birth }) });
            assert.equal(json.age, age(date_of_birth), date_of_birth);
        }
    });

    test('created through Twine, read through the others', async () => {
        const { first_name, last_name, email } = person();
        const { json } = await all.twine.post('/pub/patient', { data: { type: 'patient', id: '', attributes: {
            first_name, last_name, email_address: email, birth_date: '1970-12-31', gender: 'other',
            phone_numbers: [{ type: 'home', value: '555-0001' }, { type: 'mobile', value: '555-0002', primary: true }],
        } } });
        assert.equal(json.data.attributes.phone_numbers.length, 2);
        const ids = await idsOf(all, email);
        assert.equal(ids.twine, json.data.id);
        const general = (await all.general.get(`/v1/patients/${ids.general}`)).json;
        assert.equal(general.phone, '555-0002', 'the primary number');
        assert.equal(general.date_of_birth, '1970-12-31');
        assert.equal(general.address, null);
        assert.equal((await all.graph.get(`/v1/patients/${ids.graph}`)).json.gender, 'other');
    });

    test('created through patient-graph, read through the others', async () => {
        const { first_name, last_name, email } = person();
        const { json } = await all.graph.post('/v1/patients', {
            brand_id: 'acme', first_name, last_name, email, external_ids: { MyEHR: last_name }, metadata: { ward: 7 },
        });
        assert.deepEqual(json.metadata, { ward: 7 });
        const ids = await idsOf(all, email);
        assert.equal(ids.graph, json.id);
        const general = (await all.general.get(`/v1/patients/${ids.general}`)).json;
        assert.equal(general.date_of_birth, null);
        assert.equal(general.age, null);
        const twine = (await all.twine.get(`/pub/patient/${ids.twine}`)).json.data.attributes;
        assert.equal('birth_date' in twine, false);
        assert.equal(twine.identifiers[0].system, 'MyEHR');
        assert.equal(twine.identifiers[0].value, last_name);
    });

    test('the documented patient is General 1049', async () => {
        const { json } = await all.general.get('/v1/patients/1049');
        for (const name of ['id', 'first_name', 'last_name', 'date_of_birth', 'gender', 'phone', 'address', 'active'])
            assert.deepEqual(json[name], shown[name], name);
        const { json: list } = await all.general.get('/v1/patients?page=1&page_size=25');
        assert.equal(list.pagination.current_page, 1);
        assert.equal(list.pagination.per_page, 25);
        assert.ok(list.patients.some((p) => p.id === 1049));
    });

    test('the same calls took the transport that was asked for', async () => {
        const { transport } = await import('./harness.mjs');
        assert.ok(await gateway.metric('dragoman_upstream_requests_total', { transport }) > 0);
        const other = transport === 'h1' ? 'curl' : 'h1';
        assert.equal(await gateway.metric('dragoman_upstream_requests_total', { transport: other }), 0);
    });
});
