// A FHIR client that others wrote, as npm has it, against the gateway: it pages, searches by POST, updates under a version,
// and reads errors. Once with an address in the configuration, once without.
import Client from 'fhir-kit-client';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { writeFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, startGateway } from './harness.mjs';
import { assertValid } from './fhir_kit.mjs';

const LOINC = 'http://loinc.org';
const header = (answer, name) => Client.httpFor(answer).response.headers.get(name);

/** All resources of a search, page by page as the client goes. */
async function walk(client, bundle) {
    const found = [];
    for (let pages = 0; bundle; pages++) {
        assert.ok(pages < 50, 'the links come to an end');
        assertValid(bundle);
        found.push(...(bundle.entry ?? []));
        bundle = await client.nextPage({ bundle });
    }
    return found;
}

for (const addressed of [false, true]) {
    describe(`fhir-kit-client, ${addressed ? 'facade with a url' : 'as shipped'}`, () => {
        const url = 'https://fhir.example.org/r4';
        let gateway, client, folder, ids;

        before(async () => {
            folder = mkdtempSync(join(tmpdir(), 'dragoman-conf-'));
            const config = join(folder, 'dragoman.yaml');
            const shipped = readFileSync(join(root, 'conf/dragoman.yaml'), 'utf8');
            assert.ok(shipped.includes('facades: []'));
            writeFileSync(config, addressed ? shipped.replace('facades: []', `facades: [{ dialect: fhir, url: "${url}" }]`) : shipped);
            gateway = await startGateway({ config, set: { mappings: join(root, 'mappings') } });
            client = new Client({ baseUrl: `http://127.0.0.1:${gateway.port}/fhir`, bearerToken: gateway.token('fhir') });
            ids = [];
            for (let i = 0; i < 7; i++) {
                const made = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', name: [{ family: 'Qanaryway', given: [`N${i}`] }] } });
                ids.push(made.id);
                assert.equal(header(made, 'location'), addressed ? `${url}/Patient/${made.id}` : `/fhir/Patient/${made.id}`);
            }
        });
        after(async () => {
            await gateway.stop();
            rmSync(folder, { recursive: true });
        });

        test('capabilities', async () => {
            const statement = await client.capabilityStatement();
            assertValid(statement);
            assert.equal(statement.fhirVersion, '4.0.1');
        });

        test('pages to the end and back, by GET and by POST', async () => {
            const first = await client.search({ resourceType: 'Patient', searchParams: { name: 'qanaryway', _count: 3 } });
            assert.equal(first.total, 7);
            if (addressed) { // the address is the operator's: the client is taken to the gateway here
                for (const { url: link } of first.link) assert.ok(link.startsWith(`${url}/Patient?name=qanaryway&`), link);
                assert.deepEqual(first.entry.map((e) => e.fullUrl), first.entry.map((e) => `${url}/Patient/${e.resource.id}`));
                client.httpClient.baseUrl = client.baseUrl;
                const fetched = client.httpClient.expandUrl.bind(client.httpClient);
                client.httpClient.expandUrl = (to = '') => (to.startsWith(url) ? client.baseUrl + to.slice(url.length) : fetched(to));
            } else assert.ok(first.entry.every((e) => e.fullUrl === undefined));
            assert.deepEqual((await walk(client, first)).map((e) => e.resource.id), ids);
            const posted = await client.search({ resourceType: 'Patient', searchParams: { name: 'qanaryway', _count: 2 }, options: { postSearch: true } });
            assert.equal(Client.httpFor(posted).request.method, 'POST');
            assert.deepEqual((await walk(client, posted)).map((e) => e.resource.id), ids);
            const second = await client.nextPage({ bundle: first });
            assert.deepEqual((await client.prevPage({ bundle: second })).entry, first.entry);
        });

        test('read, update under a version, and the version that is out of date', async () => {
            const patient = await client.read({ resourceType: 'Patient', id: ids[0] });
            const etag = header(patient, 'etag');
            assert.equal(etag, `W/"${patient.meta.versionId}"`);
            const body = { ...patient, maritalStatus: { text: 'Married' } };
            const updated = await client.update({ resourceType: 'Patient', id: ids[0], body, options: { headers: { 'If-Match': etag } } });
            assert.equal(updated.maritalStatus.text, 'Married');
            await assert.rejects(client.update({ resourceType: 'Patient', id: ids[0], body: patient, options: { headers: { 'If-Match': etag } } }), (error) => {
                assertValid(error.response.data);
                assert.equal(error.response.data.issue[0].code, 'conflict');
                return error.response.status === 412;
            });
        });

        test('observations: created, found, and a reference followed', async () => {
            const body = {
                resourceType: 'Observation', status: 'final', code: { coding: [{ system: LOINC, code: '8867-4' }] },
                subject: { reference: `Patient/${ids[0]}` }, effectiveDateTime: '2024-05-01T10:00:00Z', valueQuantity: { value: 61, unit: 'beats/minute' },
            };
            const made = await client.create({ resourceType: 'Observation', body });
            const found = await client.search({ resourceType: 'Observation', searchParams: { patient: ids[0], code: `${LOINC}|8867-4`, date: ['ge2024-05-01', 'lt2024-05-02'] } });
            assert.deepEqual(found.entry.map((e) => e.resource.id), [made.id]);
            const patient = await client.resolve({ reference: made.subject.reference });
            assert.equal(patient.id, ids[0]);
        });

        test('errors are OperationOutcomes', async () => {
            const cases = [
                [() => client.read({ resourceType: 'Patient', id: 'nobody' }), 404, 'not-found'],
                [() => client.search({ resourceType: 'Patient', searchParams: { gender: 'male' } }), 400, 'invalid'],
                [() => client.create({ resourceType: 'Patient', body: { resourceType: 'Patient' } }), 422, 'invalid'],
                [() => client.delete({ resourceType: 'Patient', id: ids[0] }), 405, 'not-supported'],
                [() => client.history({ resourceType: 'Patient', id: ids[0] }), 404, 'not-supported'],
                [() => client.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry: [] } }), 404, 'not-supported'],
            ];
            for (const [call, status, code] of cases)
                await assert.rejects(call(), (error) => {
                    assertValid(error.response.data, code);
                    assert.deepEqual([error.response.status, error.response.data.issue[0].code], [status, code]);
                    return true;
                });
        });
    });
}
