// Versions of what FHIR shows: ETag and meta.versionId tell of every change that a client could see, also of kept elements;
// If-Match loses no update, If-None-Match saves an answer.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, startGateway } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';

const LOINC = 'http://loinc.org';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
let made = 0;

describe('FHIR versions', () => {
    let gateway, all, fhir;

    const family = () => `Stork${process.pid}x${++made}`;
    const patient = (more = {}) => ({ resourceType: 'Patient', name: [{ family: family(), given: ['Qanary'] }], ...more });
    const tagOf = (got) => /^W\/"([^"]+)"$/.exec(got.headers.etag)[1];
    const create = async (more) => {
        const got = await fhir.post('/Patient', patient(more));
        return { ...got.json, etag: got.headers.etag };
    };
    const read = (id) => fhir.get(`/Patient/${id}`);
    const put = (resource, more, status, ifMatch) => {
        const { etag, ...sent } = { ...resource, ...more };
        return fhir.put(`/Patient/${resource.id}`, sent, status, ifMatch ? { 'if-match': ifMatch } : {});
    };

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
    });
    after(() => gateway.stop());

    test('ETag and meta.versionId say the same of created, read, updated and found resources', async () => {
        const { json: owner } = await fhir.post('/Patient', patient({ maritalStatus: { text: 'x' } }));
        const about = { reference: `Patient/${owner.id}` };
        const kinds = [
            ['Patient', patient()],
            ['Observation', { resourceType: 'Observation', status: 'final', code: { coding: [{ system: LOINC, code: '8867-4' }] }, subject: about, valueQuantity: { value: 60 }, note: [{ text: 'kept' }] }],
            ['Encounter', { resourceType: 'Encounter', status: 'planned', class: { system: ACT, code: 'HH' }, subject: about }],
        ];
        for (const [type, sent] of kinds) {
            const created = await fhir.post(`/${type}`, sent);
            const { id } = created.json;
            const shown = await fhir.get(`/${type}/${id}`);
            assert.equal(tagOf(created), created.json.meta.versionId);
            assert.deepEqual(shown.json, created.json);
            for (const got of [created, shown, await fhir.get(`/${type}/${id}`, 304, { 'if-none-match': shown.headers.etag })])
                assert.equal(got.headers['last-modified'], new Date(Math.floor(Date.parse(shown.json.meta.lastUpdated) / 1000) * 1000).toUTCString());
            assert.equal(shown.headers.etag, created.headers.etag);
            assert.match(created.json.meta.versionId, /^[A-Za-z0-9\-.]{1,64}$/); // R4: id
            const query = type === 'Observation' ? `patient=${owner.id}` : `_id=${id}`;
            const found = (await fhir.get(`/${type}?${query}`)).json.entry.map((e) => e.resource);
            assert.deepEqual(found, [shown.json]);
        }
        const updated = await fhir.put(`/Patient/${owner.id}`, { ...owner, gender: 'male' });
        assert.equal(tagOf(updated), updated.json.meta.versionId);
        assert.notEqual(updated.json.meta.versionId, owner.meta.versionId);
        assert.equal((await read(owner.id)).headers.etag, updated.headers.etag);
        assert.equal(Date.parse(updated.headers['last-modified']), Math.floor(Date.parse(updated.json.meta.lastUpdated) / 1000) * 1000);
        assert.equal((await fhir.get('/Patient')).headers['last-modified'], undefined);
    });

    test('a version changes with whatever FHIR shows, whoever changed it, and with nothing else', async () => {
        const one = await create({ maritalStatus: { text: 'Single' } });
        let last = one.etag;
        const changes = async (step) => {
            const got = await read(one.id);
            assert.notEqual(got.headers.etag, last);
            last = got.headers.etag;
            assert.equal(tagOf(got), got.json.meta.versionId, step);
        };
        const stays = async (step) => assert.equal((await read(one.id)).headers.etag, last, step);
        await put(one, { maritalStatus: { text: 'Married' } }, 200); // kept elements alone
        await changes('an element that is kept');
        await put(one, { maritalStatus: { text: 'Married' } }, 200);
        await stays('the same again');
        await put((await read(one.id)).json, {}, 200);
        await stays('read and written back');
        await all.graph.patch(`/v1/patients/${one.id}`, { phone: '555-1' });
        await changes('another dialect');
        await all.graph.patch(`/v1/patients/${one.id}`, { metadata: { mine: 1 } });
        const seen = await read(one.id); // what FHIR cannot see: only lastUpdated tells
        assert.notEqual(seen.json.meta.lastUpdated, undefined);
        await put(one, {}, 200); // takes marital status and phone back
        await changes('back');
    });

    test('If-Match protects kept elements too', async () => {
        const one = await create({ maritalStatus: { text: 'Single' } });
        const mine = await put(one, { maritalStatus: { text: 'Married' } }, 200, one.etag);
        const lost = await put(one, { maritalStatus: { text: 'Widowed' } }, 412, one.etag);
        assert.equal(lost.json.issue[0].code, 'conflict');
        assert.equal((await read(one.id)).json.maritalStatus.text, 'Married');
        await put(one, { gender: 'male' }, 412, one.etag); // a canonical one, after a change of a kept one
        const now = mine.headers.etag, tag = now.slice(2);
        for (const [ifMatch, status] of [['"other"', 412], ['W/"other"', 412], [tag.slice(1, -1), 412], ['', 412], [`"other", ${now}`, 200], [tag, 200], ['*', 200]])
            await put(mine.json, {}, status, ifMatch || ' ');
        // where General changed it meanwhile
        const [found] = (await all.general.get(`/v1/patients?search=${one.name[0].family}`)).json.patients;
        await all.general.put(`/v1/patients/${found.id}`, { patient: { phone: '555-2' } });
        await put(mine.json, { maritalStatus: { text: 'Widowed' } }, 412, now);
        assert.equal((await read(one.id)).json.maritalStatus.text, 'Married');
        // a create that must not replace
        const late = await fhir.put(`/Patient/${one.id}`, mine.json, 412, { 'if-none-match': '*' });
        assert.equal(late.json.issue[0].code, 'conflict');
        await fhir.put(`/Patient/${one.id}`, mine.json, 200, { 'if-none-match': '"other"' });
    });

    test('of updates at once with one version, one is taken', async () => {
        for (let round = 0; round < 6; round++) {
            const one = await create({ maritalStatus: { text: 'Single' } });
            const words = ['a', 'b', 'c', 'd', 'e', 'f'];
            const change = (word) => (round % 2 ? { gender: 'male', maritalStatus: { text: word }, birthDate: `199${words.indexOf(word)}-01-01` } : { maritalStatus: { text: word } });
            const got = await Promise.all(words.map((word) => put(one, change(word), null, one.etag)));
            const taken = words.filter((_, i) => got[i].status === 200);
            assert.deepEqual([taken.length, got.filter((g) => g.status === 412).length], [1, 5], got.map((g) => g.status).join());
            assert.equal((await read(one.id)).json.maritalStatus.text, taken[0]);
        }
        // without a condition all are taken, and none of them is lost in part
        const one = await create();
        const got = await Promise.all([{ maritalStatus: { text: 'm' } }, { gender: 'male' }].map((change) => put(one, change, null)));
        assert.deepEqual(got.map((g) => g.status), [200, 200]);
    });

    test('If-None-Match: 304 without a body for what the client has', async () => {
        const { json: one, headers } = await fhir.post('/Patient', patient());
        const raw = (method, ifNoneMatch) => fhir.call(method, `/Patient/${one.id}`, { headers: { 'if-none-match': ifNoneMatch } });
        for (const method of ['GET', 'HEAD'])
            for (const [value, status] of [[headers.etag, 304], [headers.etag.slice(2), 304], [`"x", ${headers.etag}`, 304], ['*', 304], ['"x"', 200], ['x', 200], [' ', 200]]) {
                const got = await raw(method, value);
                assert.equal(got.status, status, `${method} ${value}`);
                assert.equal(got.headers.etag, headers.etag);
                if (status === 304) assert.deepEqual([got.text, got.headers['content-type'], got.headers['content-length']], ['', undefined, undefined]);
            }
        await fhir.put(`/Patient/${one.id}`, { ...one, maritalStatus: { text: 'x' } });
        assert.equal((await raw('GET', headers.etag)).status, 200);
        // a search, a refusal and a create are answered as ever
        await fhir.get('/Patient?_count=1', 200, { 'if-none-match': '*' });
        await fhir.get('/Patient/none', 404, { 'if-none-match': '*' });
        await fhir.post('/Patient', patient(), 201, { 'if-none-match': '*' });
        const globex = new FhirClient(gateway, gateway.token('fhir', { brand: 'globex' }));
        await globex.get(`/Patient/${one.id}`, 404, { 'if-none-match': headers.etag });
        // the backend's own versions, in the dialect that shows those
        const graph = await all.graph.get(`/v1/patients/${one.id}`);
        const unjudged = Object.assign(gateway.client('patient-graph'), { judged: false });
        const again = await unjudged.call('GET', `/v1/patients/${one.id}`, { status: 304, headers: { 'if-none-match': graph.headers.etag } });
        assert.deepEqual([again.text, again.headers.etag], ['', graph.headers.etag]);
    });
});
