// A client that keeps a copy and asks for what was updated since finds every update that it would be shown, also those of members
// that only the gateway keeps.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { backendCall } from './backend_kit.mjs';
import { ACME, clients, person, sleep, startGateway } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';

describe('what was updated since', () => {
    let gateway, twine, general, fhir, id;

    /** The update makes its time move, and the list by that time finds it; the same update again does neither. */
    async function findsOnly(list, read, update) {
        const old = await read();
        await sleep(5);
        const shown = await update();
        assert.ok(shown > old, `updated at ${old}, then at ${shown}`);
        assert.equal(await read(), shown);
        assert.equal(await list(shown), 1);
        await sleep(5);
        assert.equal(await update(), shown, 'what is so already is no update');
    }

    const since = (path) => async (moment) => {
        const range = `${moment}..${new Date(Date.now() + 60000).toISOString()}`;
        return (await twine.get(`/pub/${path}?filter[organization]=${ACME}&filter[updated_at]=${encodeURIComponent(range)}`)).json.meta.count;
    };
    const reads = (path) => async () => (await twine.get(`/pub/${path}`)).json.data.attributes.updated_at;
    const patches = (type, one, attributes) => async () =>
        (await twine.patch(`/pub/${type}/${one}`, { data: { type, id: one, attributes } })).json.data.attributes.updated_at;

    before(async () => {
        gateway = await startGateway();
        ({ twine, general } = clients(gateway));
        fhir = new FhirClient(gateway, gateway.token('fhir'));
        const { first_name, last_name } = person();
        id = (await twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name, last_name, addresses: [{ lines: ['1 High St'], city: 'Leeds' }] },
            relationships: { groups: { data: [] } } } }, 201)).json.data.id;
    });
    after(() => gateway.stop());

    test("a patient's note, and the country of an address", async () => {
        for (const attributes of [{ note: 'x' }, { addresses: [{ lines: ['1 High St'], city: 'Leeds', country: 'GB' }] }, { note: 'y', first_name: 'Ann' }, { note: null }])
            await findsOnly(since('patient'), reads(`patient/${id}`), patches('patient', id, attributes));
    });

    test("a patient's groups and coaches", async () => {
        const group = (await twine.post('/pub/group', { data: { type: 'group', attributes: { name: `Sync ${process.pid}` }, relationships: { organization: { data: { type: 'organization', id: ACME } } } } }, 201)).json.data;
        const relates = (relationships) => async () =>
            (await twine.patch(`/pub/patient/${id}`, { data: { type: 'patient', id, relationships } })).json.data.attributes.updated_at;
        for (const data of [[{ type: 'group', id: group.id }], []])
            await findsOnly(since('patient'), reads(`patient/${id}`), relates({ groups: { data } }));
        await backendCall(gateway, 'POST', '/v1/providers', { brand_id: 'acme', name: 'Maria Vega' });
        const [coach] = (await twine.get(`/pub/coach?filter[organization]=${ACME}`)).json.data;
        for (const data of [[{ type: 'coach', id: coach.id, meta: { primary: false } }], []])
            await findsOnly(since('patient'), reads(`patient/${id}`), relates({ coaches: { data } }));
    });

    test('the place of an event', async () => {
        const event = (await twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes: { type: 'reminder', title: 'x', start_at: '2018-02-20T14:00:00Z', attendees: [] },
            relationships: { owner: { data: { type: 'patient', id } } } } }, 201)).json.data.id;
        await findsOnly(since('calendar_event'), reads(`calendar_event/${event}`), patches('calendar_event', event, { location: 'Room 5' }));
    });

    test("a General e-mail that is no address, and FHIR's maritalStatus", async () => {
        const email = `sync${process.pid}@example.org`;
        await twine.patch(`/pub/patient/${id}`, { data: { type: 'patient', id, attributes: { email_address: email } } });
        const number = (await general.get(`/v1/patients?search=${email}`)).json.patients[0].id;
        await findsOnly(since('patient'), async () => (await general.get(`/v1/patients/${number}`)).json.updated_at,
            async () => (await general.put(`/v1/patients/${number}`, { patient: { email: 'ask her daughter' } })).json.updated_at);
        const { json: resource } = await fhir.post('/Patient', { resourceType: 'Patient', name: [{ family: 'Sync', given: ['Ann'] }] });
        const { meta, ...sent } = resource;
        await findsOnly(since('patient'), async () => (await fhir.get(`/Patient/${resource.id}`)).json.meta.lastUpdated,
            async () => (await fhir.put(`/Patient/${resource.id}`, { ...sent, maritalStatus: { text: 'married' } })).json.meta.lastUpdated);
    });
});
