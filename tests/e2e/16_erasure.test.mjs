// Who was erased is in no file of the gateway afterwards: neither in a database nor in its write-ahead log.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ANY, clients, idsOf, sleep, startGateway, withEmail } from './harness.mjs';

const WORD = 'Erasedperson';
const PATIENCE_MS = 90_000; // a log is emptied within a second of quiet, and within a minute in any case

describe('erasure', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    const filesWith = (word) => readdirSync(gateway.stateDir).filter((name) => readFileSync(join(gateway.stateDir, name)).includes(word));

    test('leaves nothing in a file', async () => {
        const email = `${WORD}@example.com`.toLowerCase();
        const body = withEmail(email);
        Object.assign(body.patient, { first_name: WORD, unnamed_member: `kept ${WORD}` });
        await all.general.post('/v1/patients', body, 201);
        const ids = await idsOf(all, email);
        await all.twine.patch(`/pub/patient/${ids.twine}`, { data: { type: 'patient', id: ids.twine, attributes: { unnamed_attribute: `also ${WORD}` } } });
        await all.general.post(`/v1/patients/${ids.general}/gauges`, { gauge: { gauge_type: 'mood', value: 1, unnamed_note: WORD } }, ANY);
        for (const base of ['backend.db', 'gateway.db']) assert.ok(filesWith(WORD).some((name) => name.startsWith(base)), `it was in ${base}`);
        const admin = gateway.client('patient-graph', { scope: 'admin:patients' });
        assert.equal((await admin.delete(`/v1/patients/${ids.graph}`)).json.status, 'deleted');
        for (const end = Date.now() + PATIENCE_MS; filesWith(WORD).length > 0; await sleep(100))
            assert.ok(Date.now() < end, `${filesWith(WORD)} still have it`);
        assert.deepEqual(filesWith(email), []);
    });
});

/** Makes what it is sent, and does not say whose it is. */
async function startSilent() {
    let made = 0;
    const server = http.createServer((incoming, outgoing) => {
        let body = '';
        incoming.setEncoding('utf8').on('data', (chunk) => { body += chunk; }).on('end', () => {
            const { patient_id, ...rest } = JSON.parse(body || '{}');
            outgoing.writeHead(incoming.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
            outgoing.end(JSON.stringify(incoming.method === 'DELETE' ? { status: 'deleted', rows_affected: {} }
                : { ...rest, id: `n-${++made}`, brand_id: 'acme', created_at: '2024-01-01T00:00:00.000Z' }));
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return { url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((done) => { server.closeAllConnections?.(); server.close(done); }) };
}

describe('erasure, where the backend does not say whose its answers are', () => {
    const MINE = 'aaaaaaaaaaaaaaaaaaaaaaa1', HERS = 'aaaaaaaaaaaaaaaaaaaaaaa2', PROGRAM = 'aaaaaaaaaaaaaaaaaaaaaaa3';
    let backend, gateway;
    before(async () => {
        backend = await startSilent();
        gateway = await startGateway({ seed: false, ready: '/healthz', set: { 'backend.url': backend.url } });
        const csv = join(gateway.stateDir, 'ids.csv');
        writeFileSync(csv, `dialect,kind,brand,dialect_id,canonical_id\ntwine,patient,acme,${MINE},p-1\ntwine,patient,acme,${HERS},p-2\ntwine,reward_program,acme,${PROGRAM},rp-1\n`);
        gateway.cli('crosswalk', 'import', csv);
    });
    after(async () => {
        await gateway.stop();
        await backend.stop();
    });

    const keptWith = (word) => readdirSync(gateway.stateDir).filter((name) => /^gateway\.db/.test(name) && readFileSync(join(gateway.stateDir, name)).includes(word));
    const of = (id) => ({ patient: { data: { type: 'patient', id } } });
    const metric = (id, word) => ({ type: 'patient_health_metric', attributes: { type: 'weight', value: 70, note: word }, relationships: of(id) });

    test('takes along what requests made of the patient, and nothing else', async () => {
        const twine = gateway.client('twine', { scope: 'admin:*' }), fhir = gateway.client('fhir', { scope: 'admin:*' });
        await twine.post('/pub/patient_health_metric', { data: metric(MINE, `${WORD}-one`) }, ANY);
        await twine.post('/pub/patient_health_metric', { data: [metric(MINE, `${WORD}-many`), metric(HERS, 'Otherperson')] }, ANY);
        await twine.post('/pub/reward_program_activation', { data: { type: 'reward_program_activation', attributes: { activated_at: '2024-01-01T00:00:00Z', note: `${WORD}-sent` },
            relationships: { ...of(MINE), reward_program: { data: { type: 'reward_program', id: PROGRAM } } } } }, ANY);
        await fhir.post('/fhir/Observation', { resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] }, subject: { reference: 'Patient/p-1' },
            effectiveDateTime: '2024-01-01T00:00:00Z', valueQuantity: { value: 7 }, note: [{ text: `${WORD}-observed` }] }, ANY);
        for (const how of ['one', 'many', 'sent', 'observed']) assert.notDeepEqual(keptWith(`${WORD}-${how}`), [], `${how}: it was kept`);
        assert.equal((await gateway.client('patient-graph', { scope: 'admin:patients' }).delete('/v1/patients/p-1')).json.status, 'deleted');
        for (const end = Date.now() + PATIENCE_MS; keptWith(WORD).length > 0; await sleep(100))
            assert.ok(Date.now() < end, `${keptWith(WORD)} still have it`);
        assert.notDeepEqual(keptWith('Otherperson'), []);
    });
});
