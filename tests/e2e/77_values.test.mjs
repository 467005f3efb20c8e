// One value at a time, through every dialect: what one client sent, another does not lose or change by an update of something else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, idsOf, person, startGateway } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';

describe('values', () => {
    let gateway, all, fhir;
    const without = (value, ...names) => Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
    /** A patient that General made, with its ids and how each dialect reads it. */
    const make = async (more) => {
        const one = { ...person(), ...more };
        await all.general.post('/v1/patients', { patient: one });
        const ids = await idsOf(all, one.email);
        return {
            ids,
            general: async () => (await all.general.get(`/v1/patients/${ids.general}`)).json,
            twine: async () => (await all.twine.get(`/pub/patient/${ids.twine}`)).json.data,
            graph: async () => (await all.graph.get(`/v1/patients/${ids.graph}`)).json,
            fhir: async () => (await fhir.get(`/Patient/${ids.graph}`)).json,
        };
    };

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
    });
    after(() => gateway.stop());

    test('a blank line of a street that FHIR does not show stays when FHIR changes the city', async () => {
        const one = await make({ address: { street: '12 Qanary St\n\nApt 2', city: 'Leeds' } });
        const before = await one.graph();
        const read = await one.fhir();
        assert.deepEqual(read.address, [{ line: ['12 Qanary St', 'Apt 2'], city: 'Leeds' }]);
        await fhir.put(`/Patient/${read.id}`, { ...read, address: [{ ...read.address[0], city: 'York' }] });
        assert.deepEqual((await one.graph()).metadata, { ...before.metadata, address: { ...before.metadata.address, city: 'York' } });
        assert.equal((await one.general()).address.street, '12 Qanary St\n\nApt 2');
        assert.deepEqual((await one.twine()).attributes.addresses, [{ lines: ['12 Qanary St', '', 'Apt 2'], city: 'York' }]);
        await fhir.put(`/Patient/${read.id}`, { ...read, address: [{ line: ['12 Qanary St', 'Apt 3'], city: 'York' }] });
        assert.equal((await one.general()).address.street, '12 Qanary St\nApt 3');
    });
});
