// FHIR R4 Encounter as a dialect: read, create, search; errors, tenancy, and what the other dialects see.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, person, startGateway } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

describe('FHIR Encounter', () => {
    let gateway, all, fhir, globex, own, other;
    const encounter = (more = {}) => ({
        resourceType: 'Encounter', status: 'planned', class: { system: ACT, code: 'AMB' }, subject: { reference: `Patient/${own}` }, ...more,
    });
    const without = (resource, ...names) => Object.fromEntries(Object.entries(resource).filter(([name]) => !names.includes(name)));
    const outcome = (got, code, expression) => {
        assert.equal(got.json.issue[0].code, code, got.text);
        if (expression) assert.ok(got.json.issue.some((i) => i.expression?.includes(expression)), `${expression}: ${got.text}`);
    };

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
        globex = new FhirClient(gateway, gateway.token('fhir', { brand: 'globex' }));
        const make = async () => {
            const { json } = await all.graph.post('/v1/patients', { brand_id: 'acme', ...person() });
            return json.id;
        };
        [own, other] = [await make(), await make()];
    });
    after(() => gateway.stop());

    test('create, read: Location, ETag, what has no canonical place comes back; the others see it', async () => {
        const sent = encounter({
            class: { system: ACT, code: 'HH', display: 'home health' }, subject: { reference: `Patient/${own}`, display: 'Somebody' },
            type: [{ text: 'visit' }], participant: [{ individual: { display: 'Dr. Who' } }],
            period: { start: '2024-05-01T10:00:00.000Z' }, reasonCode: [{ text: 'Headache', coding: [{ system: 'http://snomed.info/sct', code: '25064002' }] }],
            location: [{ location: { display: 'Ward' } }], length: { value: 30.5, unit: 'min' },
        });
        const created = await fhir.post('/Encounter', sent);
        const { id } = created.json;
        assert.equal(created.headers.location, `/fhir/Encounter/${id}`);
        assert.match(created.headers.etag, /^W\/"/);
        const read = await fhir.get(`/Encounter/${id}`);
        assert.deepEqual(without(read.json, 'id', 'meta'), sent);
        const graph = (await all.graph.get(`/v1/patients/${own}/encounters`)).json.encounters.find((e) => e.id === id);
        assert.deepEqual([graph.encounter_type, graph.status, graph.scheduled_at, graph.chief_complaint], ['other', 'scheduled', '2024-05-01T10:00:00.000Z', 'Headache']);
    });

    test('every canonical type is a valid Encounter', async () => {
        for (const [type, code] of [['office_visit', 'AMB'], ['telehealth', 'VR'], ['lab', 'AMB'], ['pharmacy', 'AMB'], ['other', 'AMB']]) {
            const { json } = await all.graph.post(`/v1/patients/${own}/encounters`, { brand_id: 'acme', encounter_type: type });
            const read = (await fhir.get(`/Encounter/${json.id}`)).json;
            assert.deepEqual([read.class.code, read.status, read.subject.reference, read.period], [code, 'planned', `Patient/${own}`, undefined]);
        }
    });

    test('search by patient, subject and _id, pages and refusals', async () => {
        const ids = [];
        for (let i = 0; i < 3; i++) ids.push((await fhir.post('/Encounter', encounter({ subject: { reference: `Patient/${other}` } }))).json.id);
        const cases = [
            [`patient=${other}`, ids], [`patient=Patient/${other}`, ids], [`subject=Patient/${other}&_count=2`, ids], [`patient=${NOBODY}`, []], ['patient=', []],
            [`_id=${ids[0]},${ids[2]}`, [ids[0], ids[2]]], [`_id=${ids[0]}&patient=${own}`, []], [`patient=Group/${other}`, []],
        ];
        for (const [query, want] of cases) assert.deepEqual(await fhir.found(`/Encounter?${query}`), want, query);
        for (const query of [`patient=${own}&patient=${own}`, 'status=planned', 'date=2024', '_count=x', `patient:Patient=${own}`])
            outcome(await fhir.get(`/Encounter?${query}`, 400), 'invalid');
    });

    test('errors name the element', async () => {
        const bad = [
            [{ status: 'finished' }, 'status'], [{ status: 'x' }, 'status'], [{ status: undefined }, 'status'], [{ class: undefined }, 'class.code'],
            [{ class: { code: 'AMB' } }, 'class.system'], [{ class: { system: 'http://x', code: 'AMB' } }, 'class.system'], [{ class: { system: ACT, code: 'X' } }, 'class.code'],
            [{ subject: undefined }, 'subject.reference'], [{ subject: { reference: own } }, 'subject.reference'], [{ subject: { reference: 'Patient/' } }, 'subject.reference'],
            [{ subject: { reference: 7 } }, 'subject.reference'], [{ period: { start: '2024-5' } }, 'period.start'], [{ period: { end: '2024-05-01T10:00:00Z' } }, 'period.end'],
            [{ reasonCode: [] }, 'reasonCode'], [{ notes: 'x' }, 'notes'], [{ modifierExtension: [{ url: 'http://x' }] }, 'modifierExtension'],
        ];
        for (const [more, expression] of bad) outcome(await fhir.post('/Encounter', encounter(more), 422), 'invalid', expression);
        outcome(await fhir.post('/Encounter', encounter({ subject: { reference: `Patient/${NOBODY}` } }), 404), 'not-found');
        outcome(await fhir.get(`/Encounter/${NOBODY}`, 404), 'not-found');
        outcome(await fhir.put(`/Encounter/${NOBODY}`, encounter(), 405), 'not-supported');
    });

    test('tenancy and scopes', async () => {
        const { json: made } = await fhir.post('/Encounter', encounter());
        assert.equal((await globex.get(`/Encounter/${made.id}`, 404)).text, (await globex.get(`/Encounter/${NOBODY}`, 404)).text);
        assert.deepEqual(await globex.found(`/Encounter?patient=${own}`), []);
        outcome(await globex.post('/Encounter', encounter(), 404), 'not-found');
        const bound = new FhirClient(gateway, gateway.token('fhir', { patient: other }));
        outcome(await bound.get(`/Encounter/${made.id}`, 404), 'not-found');
        for (const id of [own, NOBODY]) {
            outcome(await bound.get(`/Encounter?patient=${id}`, 403), 'forbidden');
            outcome(await bound.post('/Encounter', encounter({ subject: { reference: `Patient/${id}` } }), 403), 'forbidden');
        }
        for (const id of await bound.found('/Encounter')) assert.equal((await bound.get(`/Encounter/${id}`)).json.subject.reference, `Patient/${other}`);
        await bound.post('/Encounter', encounter({ subject: { reference: `Patient/${other}` } }));
        const patients = new FhirClient(gateway, gateway.token('fhir', { scope: 'read:patients write:patients' }));
        outcome(await patients.get(`/Encounter/${made.id}`, 403), 'forbidden');
        outcome(await patients.post('/Encounter', encounter(), 403), 'forbidden');
    });
});
