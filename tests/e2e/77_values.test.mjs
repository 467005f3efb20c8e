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

    /** Every client reads the patient and writes it back as it was shown, or another phone with it. */
    const echoes = (one) => [
        async (more) => all.general.put(`/v1/patients/${one.ids.general}`, { patient: { ...await one.general(), ...more } }),
        async (more) => { const { attributes } = await one.twine(); return all.twine.patch(`/pub/patient/${one.ids.twine}`, { data: { type: 'patient', attributes: { ...attributes, ...(more && { phone_numbers: [{ type: 'other', value: more.phone, primary: true }] }) } } }); },
        async (more) => { const read = await one.fhir(); return fhir.put(`/Patient/${read.id}`, { ...read, ...(more && { telecom: [...read.telecom.filter((t) => t.system !== 'phone'), { system: 'phone', value: more.phone }] }) }); },
    ];

    for (const [what, metadata] of [['a text', { address: '12 Qanary St, Leeds' }], ['a list', { address: ['12 Qanary St', { city: 'Leeds' }] }], ['nothing', {}], ['an object', { address: { line: '1', x: [] } }]])
        test(`metadata.address that is ${what} stays when other dialects write back what they read`, async () => {
            const one = await make({ phone: '555-0100' });
            await all.graph.patch(`/v1/patients/${one.ids.graph}`, { metadata });
            const before = without(await one.graph(), 'updated_at', 'phone');
            for (const [i, echo] of echoes(one).entries()) {
                await echo();
                assert.deepEqual(without(await one.graph(), 'updated_at', 'phone'), before, `client ${i}`);
                await echo({ phone: `555-020${i}` });
                assert.equal((await one.graph()).phone, `555-020${i}`, `client ${i}`);
                assert.deepEqual(without(await one.graph(), 'updated_at', 'phone'), before, `client ${i}`);
            }
        });

    test('General takes back the patient that it shows, also where another dialect said less than General demands', async () => {
        const { first_name, last_name, email } = person();
        await all.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name, last_name, email_address: email } } });
        const ids = await idsOf(all, email), path = `/v1/patients/${ids.general}`, before = (await all.graph.get(`/v1/patients/${ids.graph}`)).json;
        const read = (await all.general.get(path)).json;
        assert.equal(read.date_of_birth, null);
        await all.general.put(path, { patient: read });
        assert.deepEqual((await all.graph.get(`/v1/patients/${ids.graph}`)).json, before);
        assert.equal((await all.general.put(path, { patient: { ...read, phone: '555-0101' } })).json.phone, '555-0101');
        await all.general.put(path, { patient: { date_of_birth: '1984-02-29' } });
        const { json } = await all.general.put(path, { patient: read }, 422);
        assert.deepEqual(Object.keys(json.errors), ['date_of_birth']);
    });

    test('each dialect takes back the patient that it shows, also where another said less than it demands', async () => {
        const { last_name, email } = person(), { id } = (await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: ' ', last_name, email, gender: 'unknown word', phone: ' ',
            metadata: { address: { line: ' \n ', city: ' ', state: '' } } }, 201)).json;
        const ids = await idsOf(all, email), stored = async () => ({ ...(await all.graph.get(`/v1/patients/${id}`)).json, updated_at: '' }), before = await stored();
        const general = (await all.general.get(`/v1/patients/${ids.general}`)).json, twine = (await all.twine.get(`/pub/patient/${ids.twine}`)).json.data;
        const path = `/Patient/${id}`, resource = (await fhir.get(path)).json;
        assert.deepEqual([general.first_name, twine.attributes.first_name, resource.name[0].given], [' ', ' ', [' ']]);
        await all.general.put(`/v1/patients/${ids.general}`, { patient: general });
        await all.twine.patch(`/pub/patient/${ids.twine}`, { data: twine });
        await fhir.put(path, resource);
        assert.deepEqual(await stored(), before);
        await all.general.put(`/v1/patients/${ids.general}`, { patient: { ...general, gender: 'male' } });
        await all.twine.patch(`/pub/patient/${ids.twine}`, { data: { ...twine, attributes: { ...twine.attributes, birth_date: '1984-02-29', gender: 'male' } } });
        await fhir.put(path, { ...resource, gender: 'male', birthDate: '1984-02-28' });
        assert.deepEqual(await stored(), { ...before, gender: 'male', date_of_birth: '1984-02-28' });
        await all.general.put(`/v1/patients/${ids.general}`, { patient: { ...general, first_name: '  ' } }, 422);
        await all.twine.patch(`/pub/patient/${ids.twine}`, { data: { ...twine, attributes: { first_name: '' } } }, 409);
    });

    test('what nobody documents comes back as it was sent, byte for byte, also after it was written back', async () => {
        const extra = '"tags":[],"none":null,"deep":{"a":null,"b":{},"c":[null,{"d":null}],"n":1.0,"e":1e2,"big":12345678901234567890,"s":"\\u00e9"},"empty":""';
        const { email, ...one } = person();
        await all.general.post('/v1/patients', JSON.stringify({ patient: { ...one, email } }).replace('}}', `,${extra}}}`));
        const { general, twine } = await idsOf(all, email);
        const read = async () => (await all.general.get(`/v1/patients/${general}`)).text.replace(/"updated_at":"[^"]*"/, '');
        const before = await read();
        assert.ok(before.endsWith(`${extra}}`), before);
        await all.twine.patch(`/pub/patient/${twine}`, { data: { type: 'patient', attributes: { note: 'x', tags: ['twine has its own'] } } });
        assert.equal(await read(), before);
        await all.general.put(`/v1/patients/${general}`, `{"patient":${(await all.general.get(`/v1/patients/${general}`)).text}}`);
        assert.equal(await read(), before);
        const data = (await all.twine.get(`/pub/patient/${twine}`)).json;
        await all.twine.patch(`/pub/patient/${twine}`, { data: data.data });
        assert.equal(await read(), before);
    });

    test('a patient as deep as one may be sent is shown by every dialect, also in lists', async () => {
        const make = (depth) => all.graph.post('/v1/patients', `{"brand_id":"acme","first_name":"Deep","last_name":"Down","email":"deep.${depth}@example.org","metadata":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`, null);
        let depth = 70;
        while ((await make(depth)).status === 413) depth--;
        assert.ok(depth > 50 && depth < 70, `${depth}`);
        const ids = await idsOf(all, `deep.${depth}@example.org`); // by the lists of three dialects
        assert.equal((await all.graph.get(`/v1/patients/${ids.graph}`)).text.match(/"x":(\[+)/)[1].length, depth);
        assert.equal((await fhir.get('/Patient?name=Deep')).json.total, 1);
        assert.equal((await all.twine.get(`/pub/patient/${ids.twine}`)).json.data.attributes.first_name, 'Deep');
    });

    test('an update after which too much would be kept is refused before anything changes', async () => {
        const one = await make({ phone: '555-0100' }), path = `/v1/patients/${one.ids.general}`, long = 'x'.repeat(1000000);
        const four = (letter) => Object.fromEntries([1, 2, 3, 4].map((i) => [letter + i, long]));
        for (const letter of 'ab') await all.general.put(path, { patient: four(letter) });
        const before = await one.graph();
        await all.general.put(path, { patient: { phone: '555-0101', ...four('c') } }, 413);
        assert.deepEqual(await one.graph(), before);
        assert.equal((await all.general.put(path, { patient: { phone: '555-0101', a1: null } })).json.phone, '555-0101');
    });

    test('metric keys with a comma or a slash are shown, and found as docs/decisions.md says', async () => {
        const one = await make({});
        const series = `/v1/patients/${one.ids.graph}/metrics`, gauges = `/v1/patients/${one.ids.general}/gauges`;
        for (const metric_key of ['a', 'b', 'a,b', 'a/b', ' a ', 'ä?#', 'a\\b'])
            await all.graph.post(series, { metric_key, value_numeric: '1.50', source: 'api', recorded_at: '2024-01-01T00:00:00Z' });
        const keys = async (query) => (await all.general.get(`${gauges}${query}`)).json.gauges.map((g) => g.gauge_type).sort();
        assert.deepEqual(await keys(''), [' a ', 'a', 'a,b', 'a/b', 'a\\b', 'b', 'ä?#']);
        for (const key of ['a', ' a ', 'a/b', 'ä?#', 'a,b', 'a\\b']) assert.deepEqual(await keys(`?gauge_type=${encodeURIComponent(key)}`), [key]);
        const codes = async (code) => (await fhir.get(`/Observation?patient=${one.ids.graph}&code=${encodeURIComponent(code)}`)).json.entry
            .map((e) => e.resource.code.coding[0].code).sort();
        const own = 'urn:dragoman:metric|';
        assert.deepEqual(await codes(`${own}a,${own}b`), ['a', 'b']);
        assert.deepEqual(await codes(`${own}a\\,b`), ['a,b']);
        assert.deepEqual(await codes(`${own}a\\,b,${own}a\\\\b`), ['a,b', 'a\\b']);
        for (const key of ['a,b', ' a ', 'ä?#']) assert.equal((await all.graph.get(`${series}/${encodeURIComponent(key)}`)).json.count, 1, key);
        await all.graph.get(`${series}/a%2Fb`, 400);
    });
});
