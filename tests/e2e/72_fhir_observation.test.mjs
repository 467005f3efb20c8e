// FHIR R4 Observation as a dialect: read, create, search; values and their digits, blood pressure, errors, tenancy, and
// what the other dialects see of it and it of theirs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, person, startGateway } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const LOINC = 'http://loinc.org';
const OWN = 'urn:dragoman:metric';

describe('FHIR Observation', () => {
    let gateway, all, fhir, globex, own, other, generalId;
    const coded = (code, system = LOINC) => ({ coding: [{ system, code }] });
    const observation = (more = {}) => ({
        resourceType: 'Observation', status: 'final', code: coded('29463-7'), subject: { reference: `Patient/${own}` },
        effectiveDateTime: '2024-05-01T10:00:00.000Z', ...more,
    });
    const pressure = (code, value, more = {}) => ({ code: coded(code), valueQuantity: { value, unit: 'mmHg' }, ...more });
    const without = (resource, ...names) => Object.fromEntries(Object.entries(resource).filter(([name]) => !names.includes(name)));
    const outcome = (got, code, expression) => {
        assert.equal(got.json.issue[0].code, code, got.text);
        if (expression) assert.ok(got.json.issue.some((i) => i.expression?.includes(expression)), `${expression}: ${got.text}`);
    };
    const metric = async (id) => {
        for (let offset = 0; ; offset++) {
            const { json } = await all.graph.get(`/v1/patients/${own}/metrics`);
            for (const { metric_key: key } of json.metrics) {
                const found = (await all.graph.get(`/v1/patients/${own}/metrics/${key}`)).json.data.find((m) => m.id === id);
                if (found) return found;
            }
            assert.fail(`no metric ${id}`);
        }
    };

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
        globex = new FhirClient(gateway, gateway.token('fhir', { brand: 'globex' }));
        const patient = person();
        generalId = (await all.general.post('/v1/patients', { patient })).json.id;
        own = (await fhir.get(`/Patient?name=${patient.last_name}`)).json.entry[0].resource.id;
        other = (await all.graph.post('/v1/patients', { brand_id: 'acme', ...person() })).json.id;
    });
    after(() => gateway.stop());

    test('create, read: Location, what has no canonical place comes back, the others see it', async () => {
        const sent = observation({
            status: 'amended', category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
            code: { coding: [{ system: 'http://snomed.info/sct', code: '27113001' }, { system: LOINC, code: '29463-7', display: 'Body weight' }], text: 'Weight' },
            valueQuantity: { value: 70.25, comparator: '>', unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
            interpretation: [{ text: 'normal' }], note: [{ text: 'after lunch' }], referenceRange: [{ text: '60 to 80' }], performer: [{ display: 'Nurse' }],
        });
        const created = await fhir.post('/Observation', sent);
        const { id } = created.json;
        assert.equal(created.headers.location, `/fhir/Observation/${id}`);
        assert.deepEqual(without((await fhir.get(`/Observation/${id}`)).json, 'id', 'meta'), sent);
        const seen = await metric(id);
        assert.deepEqual([seen.metric_key, seen.value_numeric, seen.unit, seen.recorded_at], ['weight', '70.25', 'kg', '2024-05-01T10:00:00.000Z']);
        const gauges = (await all.general.get(`/v1/patients/${generalId}/gauges?gauge_type=weight`)).json.gauges;
        assert.deepEqual(gauges.map((g) => g.value), [70.25]);
    });

    test('numbers keep their digits', async () => {
        for (const digits of ['0.10', '9007199254740993', '-0.0', '100.20', '1E-7']) {
            const body = JSON.stringify(observation({ valueQuantity: { value: 123454321 } })).replace('123454321', digits);
            const created = await fhir.post('/Observation', body);
            assert.ok(created.text.includes(`"value":${digits}`), `${digits}: ${created.text}`);
            assert.ok((await fhir.get(`/Observation/${created.json.id}`)).text.includes(`"value":${digits}`), digits);
            assert.equal((await metric(created.json.id)).value_numeric, digits);
        }
    });

    test('blood pressure: two components, in either order, and what Twine and General record', async () => {
        const forms = [
            [pressure('8480-6', 120), pressure('8462-4', 80)],
            [pressure('8462-4', 80, { interpretation: [{ text: 'x' }] }), { code: coded('8867-4'), valueQuantity: { value: 60 } }, pressure('8480-6', 120)],
        ];
        for (const component of forms) {
            const sent = observation({ code: coded('85354-9'), component });
            const { json } = await fhir.post('/Observation', sent);
            assert.deepEqual(without((await fhir.get(`/Observation/${json.id}`)).json, 'id', 'meta'), sent);
            assert.deepEqual([(await metric(json.id)).metric_key, (await metric(json.id)).value_text], ['blood_pressure', '120/80']);
        }
        const { json } = await all.graph.post(`/v1/patients/${own}/metrics`, { metric_key: 'blood_pressure', value_text: '131/79.50', unit: 'mmHg', source: 'api', recorded_at: '2024-01-01T00:00:00Z' });
        const read = await fhir.get(`/Observation/${json.id}`);
        assert.deepEqual(read.json.component.map((c) => [c.code.coding[0].code, c.valueQuantity.value]), [['8480-6', 131], ['8462-4', 79.5]]);
        assert.ok(read.text.includes('79.50') && !('valueQuantity' in read.json) && !('valueString' in read.json));
        const unclear = (await all.graph.post(`/v1/patients/${own}/metrics`, { metric_key: 'blood_pressure', value_text: 'unclear', source: 'api', recorded_at: '2024-01-01T00:00:00Z' })).json;
        assert.equal((await fhir.get(`/Observation/${unclear.id}`)).json.valueString, 'unclear');
        const bad = [[pressure('8480-6', 120)], [pressure('8480-6', 120), pressure('8462-4', '80')], []];
        for (const component of bad) outcome(await fhir.post('/Observation', observation({ code: coded('85354-9'), component }), 422), 'invalid', 'component');
    });

    test('codes: LOINC by the table, other LOINC codes, the canonical key; every metric of the others is a valid Observation', async () => {
        for (const [code, system, key] of [['8867-4', LOINC, 'heart_rate'], ['8302-2', LOINC, '8302-2'], ['mood', OWN, 'mood']]) {
            const sent = observation({ code: coded(code, system), valueQuantity: { value: 5 } });
            const { json } = await fhir.post('/Observation', sent);
            assert.deepEqual(json.code, sent.code);
            assert.equal((await metric(json.id)).metric_key, key);
        }
        for (const [gauge, coding] of [['pain', { system: LOINC, code: '72514-3' }], ['anxiety', { system: OWN, code: 'anxiety' }]]) {
            await all.general.post(`/v1/patients/${generalId}/gauges`, { gauge: { gauge_type: gauge, value: 3, notes: 'kept by General' } });
            const { json } = await fhir.get(`/Observation?patient=${own}&code=${coding.code}`);
            assert.deepEqual(json.entry.map((e) => e.resource.code.coding), [[coding]]);
            assert.equal(json.entry[0].resource.valueQuantity.value, 3);
        }
        const text = (await all.graph.post(`/v1/patients/${own}/metrics`, { metric_key: 'words', value_text: 'high', unit: 'x', source: 'manual', recorded_at: '2024-01-01T00:00:00Z' })).json;
        const shown = (await fhir.get(`/Observation/${text.id}`)).json;
        assert.deepEqual([shown.valueString, shown.valueQuantity, shown.status], ['high', undefined, 'final']);
        await fhir.found(`/Observation?patient=${own}&_count=3`);
    });

    test('search: each parameter finds, misses and refuses', async () => {
        const made = {};
        for (const [name, code, when] of [['a', '8867-4', '2021-03-14T10:00:00.000Z'], ['b', '9279-1', '2021-03-15T00:00:00.000Z'], ['c', '8867-4', '2022-01-01T00:00:00.000Z']])
            made[name] = (await fhir.post('/Observation', observation({ subject: { reference: `Patient/${other}` }, code: coded(code), effectiveDateTime: when, valueQuantity: { value: 1 } }))).json.id;
        const ids = (names) => [...names].map((n) => made[n]).sort();
        const who = `patient=${other}`;
        const cases = [
            [who, 'abc'], [`patient=Patient/${other}`, 'abc'], [`subject=Patient/${other}&_count=1`, 'abc'], [`patient=${NOBODY}`, ''], ['patient=', ''],
            [`${who}&code=8867-4`, 'ac'], [`${who}&code=${encodeURIComponent(`${LOINC}|9279-1`)}`, 'b'], [`${who}&code=${encodeURIComponent(`${OWN}|heart_rate`)}`, 'ac'],
            [`${who}&code=mood`, ''], [`${who}&code=8867-4,9279-1`, 'abc'], [`${who}&code=mood,${encodeURIComponent(`${LOINC}|9279-1`)}`, 'b'],
            [`${who}&date=2021`, 'ab'], [`${who}&date=2021-03-14`, 'a'], [`${who}&date=2021-03-14T10:00Z`, 'a'], [`${who}&date=2021-03-14T10:00:01Z`, ''],
            [`${who}&date=ge2021-03-15`, 'bc'], [`${who}&date=gt2021-03-15`, 'c'], [`${who}&date=le2021-03-14`, 'a'], [`${who}&date=lt2021-03-15`, 'a'],
            [`${who}&date=ge2021-03-15&date=lt2022`, 'b'], [`${who}&date=eq2021-03-14T11:00:00%2B01:00`, 'a'],
        ];
        for (const [query, want] of cases) assert.deepEqual((await fhir.found(`/Observation?${query}`)).sort(), ids(want), query);
        for (const query of ['code=http://snomed.info/sct%7C8867-4', 'code=%7C8867-4', 'date=x', 'date=ne2021', 'date=ap2021', 'date=2021-02-30', 'code=', 'code=a,', 'category=x', '_id=x', `${who}&${who}`, 'code:in=x'])
            outcome(await fhir.get(`/Observation?${query}`, 400), 'invalid');
    });

    test('errors name the element', async () => {
        const bad = [
            [{ status: 'done' }, 'status'], [{ status: undefined }, 'status'], [{ code: undefined }, 'code.coding'], [{ code: { text: 'x' } }, 'code.coding'],
            [{ code: coded('1', 'http://snomed.info/sct') }, 'code.coding'], [{ code: coded('weight') }, 'code.coding'], [{ code: { coding: 'x' } }, 'code.coding'],
            [{ subject: undefined }, 'subject.reference'], [{ subject: { reference: `Group/${own}` } }, 'subject.reference'], [{ effectiveDateTime: '2024-13' }, 'effectiveDateTime'],
            [{ effectivePeriod: {} }, 'effectivePeriod'], [{ valueQuantity: { value: '5' } }, 'valueQuantity.value'], [{ valueQuantity: { unit: 'kg' } }, 'valueQuantity.unit'],
            [{ valueQuantity: { value: 5 }, valueString: 'x' }, 'valueString'], [{ valueString: '' }, 'valueString'], [{ valueBoolean: true }, 'valueBoolean'], [{ value: 5 }, 'value'],
        ];
        for (const [more, expression] of bad) outcome(await fhir.post('/Observation', observation(more), 422), 'invalid', expression);
        outcome(await fhir.post('/Observation', observation({ subject: { reference: `Patient/${NOBODY}` } }), 404), 'not-found');
        outcome(await fhir.get(`/Observation/${NOBODY}`, 404), 'not-found');
        outcome(await fhir.put(`/Observation/${NOBODY}`, observation(), 405), 'not-supported');
    });

    test('tenancy and scopes', async () => {
        const { json: made } = await fhir.post('/Observation', observation({ valueQuantity: { value: 1 } }));
        assert.equal((await globex.get(`/Observation/${made.id}`, 404)).text, (await globex.get(`/Observation/${NOBODY}`, 404)).text);
        assert.deepEqual(await globex.found(`/Observation?patient=${own}`), []);
        outcome(await globex.post('/Observation', observation(), 404), 'not-found');
        const bound = new FhirClient(gateway, gateway.token('fhir', { patient: other }));
        outcome(await bound.get(`/Observation/${made.id}`, 404), 'not-found');
        for (const id of [own, NOBODY]) {
            outcome(await bound.get(`/Observation?patient=${id}`, 403), 'forbidden');
            outcome(await bound.post('/Observation', observation({ subject: { reference: `Patient/${id}` } }), 403), 'forbidden');
        }
        for (const id of await bound.found('/Observation')) assert.equal((await bound.get(`/Observation/${id}`)).json.subject.reference, `Patient/${other}`);
        const patients = new FhirClient(gateway, gateway.token('fhir', { scope: 'read:patients write:patients read:encounters' }));
        outcome(await patients.get(`/Observation/${made.id}`, 403), 'forbidden');
        outcome(await patients.post('/Observation', observation(), 403), 'forbidden');
    });
});
