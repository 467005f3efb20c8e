// What FHIR's own pages and the CapabilityStatement promise: the statement is true, the shapes of R4's published examples come
// back, every refusal is an OperationOutcome of R4's value set, and nothing that was asked for is left out in silence.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { binary, clients, person, root, startGateway } from './harness.mjs';
import { FhirClient, assertValid } from './fhir_kit.mjs';

const LOINC = 'http://loinc.org';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const UCUM = 'http://unitsofmeasure.org';
const without = (resource, ...names) => Object.fromEntries(Object.entries(resource).filter(([name]) => !names.includes(name)));

describe('FHIR promises', () => {
    let gateway, all, fhir;

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
    });
    after(() => gateway.stop());

    test('the CapabilityStatement says what is served, no more and no less', async () => {
        const statement = (await fhir.get('/metadata')).json;
        assert.deepEqual((await fhir.get('/metadata?mode=full')).json, statement);
        await fhir.get('/metadata?mode=normative', 400);
        const api = JSON.parse(execFileSync(binary, ['openapi', '--dialect', 'fhir', '-c', 'conf/dragoman.yaml'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }));
        const served = {};
        const note = (type, code, parameters = []) => {
            served[type] ??= { interactions: new Set(), parameters: new Set() };
            served[type].interactions.add(code);
            for (const name of parameters) served[type].parameters.add(name);
        };
        for (const [path, methods] of Object.entries(api.paths)) {
            const [, type, rest] = path.split('/');
            if (type === 'metadata') continue;
            for (const [method, operation] of Object.entries(methods)) {
                const names = (operation.parameters ?? []).filter((p) => p.in === 'query' && !['_count', '_offset'].includes(p.name)).map((p) => p.name);
                if (!rest && method === 'get') note(type, 'search-type', names);
                else if (!rest && method === 'post') note(type, 'create');
                else if (rest === '{id}' && method === 'get') note(type, 'read');
                else if (rest === '{id}' && method === 'put') note(type, 'update');
                else assert.equal(`${method} ${rest}`, 'post _search');
            }
        }
        assert.deepEqual(statement.rest[0].resource.map((r) => r.type).sort(), Object.keys(served).sort());
        for (const resource of statement.rest[0].resource) {
            const { interactions, parameters } = served[resource.type];
            assert.deepEqual(resource.interaction.map((i) => i.code).sort(), [...interactions].sort(), resource.type);
            // `subject` is the other name of `patient`
            assert.deepEqual(resource.searchParam.map((p) => p.name).filter((n) => n !== 'subject').sort(), [...parameters].sort(), resource.type);
            for (const { name, type } of resource.searchParam) {
                const value = { token: 'x', string: 'x', date: '2001', reference: 'x' }[type];
                await fhir.get(`/${resource.type}?${name}=${value}`);
            }
            assert.equal(resource.conditionalRead, 'not-match');
            assert.deepEqual([resource.updateCreate, resource.conditionalCreate, resource.readHistory], [false, false, false]);
            for (const path of [`/${resource.type}/x/_history`, `/${resource.type}/x/_history/1`]) await fhir.get(path, 404);
        }
        for (const type of statement.format) await fhir.get('/metadata', 200, { accept: type });
    });

    test('the shapes of the examples on hl7.org/fhir/R4 come back as they were sent', async () => {
        const tag = `${process.pid}`;
        const patient = {
            resourceType: 'Patient',
            meta: { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST', display: 'test health data' }], source: 'http://example.org/feed' },
            text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><table><tbody><tr><td>Name</td><td>Qanary James</td></tr></tbody></table></div>' },
            contained: [{ resourceType: 'Organization', id: 'hl7', name: 'Health Level Seven' }],
            extension: [{ url: 'http://example.org/StructureDefinition/trials', valueCode: 'renal' }],
            identifier: [{ use: 'usual', type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] }, system: 'urn:oid:1.2.36.146.595.217.0.1', value: `12345-${tag}`, period: { start: '2001-05-06' }, assigner: { display: 'Acme Healthcare' } }],
            active: true,
            name: [
                { use: 'official', family: 'Chalmers', given: ['Qanary', 'James'] },
                { use: 'usual', given: ['Jim'] },
                { use: 'maiden', family: 'Windsor', given: ['Qanary', 'James'], period: { end: '2002' } },
            ],
            telecom: [
                { use: 'home' },
                { system: 'phone', value: '(03) 5555 6473', use: 'work', rank: 1 },
                { system: 'phone', value: '(03) 3410 5613', use: 'mobile', rank: 2 },
                { system: 'phone', value: '(03) 5555 8834', use: 'old', period: { end: '2014' } },
            ],
            gender: 'male', birthDate: '1974-12-25',
            _birthDate: { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1974-12-25T14:35:45-05:00' }] },
            deceasedBoolean: false,
            address: [{ use: 'home', type: 'both', text: '534 Erewhon St PeasantVille, Rainbow, Vic  3999', line: ['534 Erewhon St'], city: 'PleasantVille', district: 'Rainbow', state: 'Vic', postalCode: '3999', period: { start: '1974-12-25' } }],
            contact: [{
                relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'N' }] }],
                name: { family: 'du Marché', _family: { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-prefix', valueString: 'VV' }] }, given: ['Bénédicte'] },
                telecom: [{ system: 'phone', value: '+33 (237) 998327' }], address: { use: 'home', line: ['534 Erewhon St'] }, gender: 'female', period: { start: '2012' },
            }],
            communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'nl' }], text: 'Nederlands' }, preferred: true }],
            managingOrganization: { reference: '#hl7' },
        };
        const made = (await fhir.post('/Patient', patient)).json;
        const comes = async (sent, path) => {
            const { json } = await fhir.get(path);
            assert.deepEqual({ ...without(json, 'id'), meta: without(json.meta, 'versionId', 'lastUpdated') }, { ...sent, meta: sent.meta ?? {} });
        };
        await comes(patient, `/Patient/${made.id}`);
        const subject = { reference: `Patient/${made.id}`, display: 'Q. Chalmers' };
        const coded = (code, display) => ({ coding: [{ system: LOINC, code, display }] });
        const weight = {
            resourceType: 'Observation', status: 'final', subject,
            category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs', display: 'Vital Signs' }] }],
            code: { coding: [{ system: LOINC, code: '29463-7', display: 'Body Weight' }, { system: LOINC, code: '3141-9', display: 'Body weight Measured' }, { system: 'http://snomed.info/sct', code: '27113001', display: 'Body weight' }] },
            encounter: { reference: 'Encounter/example' }, effectiveDateTime: '2016-03-28', issued: '2016-03-28T10:00:00Z',
            valueQuantity: { value: 185, unit: 'lbs', system: UCUM, code: '[lb_av]' },
        };
        const pressure = {
            resourceType: 'Observation', meta: { profile: ['http://hl7.org/fhir/StructureDefinition/vitalsigns'] }, status: 'final', subject,
            identifier: [{ system: 'urn:ietf:rfc:3986', value: 'urn:uuid:187e0c12-8dd2-67e2-99b2-bf273c878281' }], basedOn: [{ identifier: { system: 'https://acme.org/identifiers', value: '1234' } }],
            category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] }],
            code: { ...coded('85354-9', 'Blood pressure panel with all children optional'), text: 'Blood pressure systolic & diastolic' },
            effectiveDateTime: '2012-09-17', performer: [{ reference: 'Practitioner/example' }],
            interpretation: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code: 'L', display: 'low' }], text: 'Below low normal' }],
            bodySite: { coding: [{ system: 'http://snomed.info/sct', code: '368209003', display: 'Right arm' }] },
            component: [
                { code: coded('8480-6', 'Systolic blood pressure'), valueQuantity: { value: 107, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' }, interpretation: [{ text: 'Normal' }] },
                { code: coded('8462-4', 'Diastolic blood pressure'), valueQuantity: { value: 60, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' }, interpretation: [{ text: 'Below low normal' }] },
            ],
        };
        for (const observation of [weight, pressure]) {
            const { json } = await fhir.post('/Observation', observation);
            await comes(observation, `/Observation/${json.id}`);
        }
        const encounter = {
            resourceType: 'Encounter', status: 'planned', subject,
            text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Encounter with patient</div>' },
            class: { system: ACT, code: 'IMP', display: 'inpatient encounter' }, identifier: [{ use: 'temp', value: 'Encounter_Roel_20130404' }],
            type: [{ coding: [{ system: 'http://snomed.info/sct', code: '183807002', display: 'Inpatient stay for nine days' }] }],
            participant: [{ individual: { reference: 'Practitioner/f201' } }], period: { start: '2013-03-11' },
            reasonCode: [{ text: 'The patient seems to suffer from bilateral pneumonia and renal insufficiency.' }],
            diagnosis: [{ condition: { reference: 'Condition/stroke' }, rank: 1 }], serviceProvider: { reference: 'Organization/2' },
        };
        const { json } = await fhir.post('/Encounter', encounter);
        await comes(encounter, `/Encounter/${json.id}`);
    });

    test('what is asked for and not served is refused', async () => {
        const body = { resourceType: 'Patient', name: [{ family: `Once${process.pid}`, given: ['Qanary'] }] };
        const refused = await fhir.post('/Patient', body, 400, { 'if-none-exist': 'identifier=urn:x|1' });
        assert.deepEqual(refused.json.issue[0].expression, ['if-none-exist']);
        assert.equal((await fhir.get(`/Patient?name=once${process.pid}`)).json.total, 0);
        for (const query of ['_summary=true', '_elements=name', '_include=Patient:organization', '_revinclude=Observation:subject', '_sort=name', '_lastUpdated=ge2020',
            'name:exact=x', 'identifier:of-type=a|b|c', '_has:Observation:patient:code=1', '_total=none', '_contained=true', '_query=x', '_filter=name eq x', 'phone=1', 'given=x'])
            for (const headers of [{}, { prefer: 'handling=lenient' }, { prefer: 'handling=strict' }])
                assert.equal((await fhir.get(`/Patient?${encodeURI(query)}`, 400, headers)).json.issue[0].expression[0], query.split('=')[0]);
        for (const query of ['code=http://snomed.info/sct|27113001', 'code=|8867-4', 'code=urn:other|mood', 'patient=x&_include=Observation:patient'])
            await fhir.get(`/Observation?${encodeURI(query)}`, 400);
        for (const path of ['/Patient/x?_summary=true', '/Observation/x?_elements=code', '/metadata?x=1']) await fhir.get(path, 400);
    });

    test('what the gateway itself refuses is an OperationOutcome', async () => {
        const cases = [
            ['GET', '/Patient/%zz', 400, 'invalid'], ['GET', '/Patient/..%2f..', 400, 'invalid'], ['GET', '/Patient//x', 400, 'invalid'], ['GET', '/Patient/%00', 400, 'invalid'],
            ['GET', '/Patient?name=%ff', 400, 'invalid'], ['GET', '/', 404, 'not-supported'], ['GET', '', 404, 'not-supported'], ['POST', '', 404, 'not-supported'],
            ['GET', '/patient', 404, 'not-supported'], ['GET', '/Practitioner/1', 404, 'not-supported'], ['GET', '/Patient/1/$everything', 404, 'not-supported'],
            ['PATCH', '/Patient/1', 405, 'not-supported'], ['DELETE', '/Observation/1', 405, 'not-supported'], ['PUT', '/Patient?identifier=x', 405, 'not-supported'],
            ['OPTIONS', '/Patient', 405, 'not-supported'], ['POST', '/metadata', 405, 'not-supported'], ['GET', `/Patient?name=${'x'.repeat(9000)}`, 414, 'too-long'], ['GET', `/Patient?name=${'x'.repeat(66000)}`, 431, 'too-long'],
        ];
        for (const [method, path, status, code] of cases) {
            const got = await fhir.call(method, path, { status });
            assert.equal(got.json.issue[0].code, code, `${method} ${path.slice(0, 80)}: ${got.text}`);
            if (status === 405) assert.match(got.headers.allow, /^[A-Z]+(, [A-Z]+)*$/);
        }
        const bodies = [
            ['', 400, 'structure'], ['nonsense', 400, 'structure'], ['{"resourceType":"Patient"', 400, 'structure'], ['{"a":1,"a":2}', 400, 'structure'], ['{} {}', 400, 'structure'],
            ['null', 400, 'invalid'], ['"x"', 400, 'invalid'],
            ['['.repeat(5000), 413, 'too-long'], [JSON.stringify({ resourceType: 'Patient', text: 'x'.repeat(6 << 20) }), 413, 'too-long'],
        ];
        for (const [body, status, code] of bodies) {
            const got = await fhir.post('/Patient', body, status);
            assert.equal(got.json.issue[0].code, code, `${body.slice(0, 60)}: ${got.text}`);
        }
        const heads = [[{ accept: 'application/fhir+xml' }, 406, 'not-supported'], [{ accept: 'text/html' }, 406, 'not-supported'], [{ 'x-user-token': 'x' }, 400, 'security'], [{ authorization: 'Basic eDp5' }, 401, 'login']];
        for (const [headers, status, code] of heads) assert.equal((await fhir.get('/Patient', status, headers)).json.issue[0].code, code);
        // the answer's type follows what was asked for, in refusals too
        assert.equal((await fhir.get('/Patient/none', 404, { accept: 'application/json' })).headers['content-type'], 'application/json');
        assert.equal((await fhir.get('/Patient/none?_format=json', 404, { accept: 'text/html' })).headers['content-type'], 'application/fhir+json');
        // 429: an address that tries credentials
        for (let i = 0, got; ; i++) {
            assert.ok(i < 2000, 'it is held back in the end');
            got = await new FhirClient(gateway, `bad${i}`).call('GET', '/Patient');
            if (got.status === 401) continue;
            assert.deepEqual([got.status, got.json.issue[0].code], [429, 'throttled']);
            break;
        }
    });
});

/** A backend that answers everything with what `say` is. */
async function startBackend() {
    const backend = { say: [500, '{}'] };
    const server = http.createServer((incoming, answer) => {
        incoming.resume();
        incoming.on('end', () => {
            if (backend.say === 'never') return;
            if (backend.say === 'cut') { incoming.socket.destroy(); return; }
            const [status, body, headers = {}] = backend.say;
            answer.writeHead(status, { 'content-type': 'application/json', ...headers });
            answer.end(body);
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    backend.url = `http://127.0.0.1:${server.address().port}`;
    backend.stop = () => { server.closeAllConnections(); return new Promise((done) => server.close(done)); };
    return backend;
}

describe('FHIR, when the backend fails', () => {
    let backend, gateway, fhir;
    before(async () => {
        backend = await startBackend();
        gateway = await startGateway({ seed: false, ready: '/healthz', set: { 'backend.url': backend.url, 'backend.first_byte_ms': '800', 'backend.completions': '[patient.read, patient.update]' } });
        fhir = new FhirClient(gateway, gateway.token('fhir'));
    });
    after(async () => {
        await backend.stop();
        await gateway?.stop();
    });

    test('each failure is an OperationOutcome, and says nothing of the backend', async () => {
        const secret = 'stack trace at 10.0.0.1';
        const cases = [
            [[500, secret], 502, 'transient'], [[503, secret], 503, 'transient'], [[429, secret], 429, 'throttled'], [[404, '{}'], 404, 'not-found'], [[403, secret], 403, 'forbidden'],
            [[200, 'no json'], 502, 'transient'], [[200, ''], 502, 'transient'], [[200, '[]'], 502, 'transient'], [[302, '', { location: 'http://x/' }], 502, 'transient'],
            ['cut', 502, 'transient'], ['never', 504, 'timeout'], [[501, '{}'], 501, 'not-supported'],
        ];
        for (const [say, status, code] of cases) {
            backend.say = say;
            const got = await fhir.call('GET', '/Patient/x');
            assert.deepEqual([got.status, got.json.issue[0].code], [status, code], `${say}: ${got.text}`);
            assert.ok(!got.text.includes('10.0.0.1'), got.text);
            if (status === 503 || status === 429) assert.ok(got.headers['retry-after']);
        }
        backend.say = [409, '{}'];
        const named = { resourceType: 'Patient', name: [{ family: 'x', given: ['Qanary'] }] };
        assert.equal((await fhir.post('/Patient', named, 409)).json.issue[0].code, 'duplicate');
        // a completion that the backend does not have, and no plan of documented calls
        assert.equal((await fhir.get('/Observation/x', 501)).json.issue[0].code, 'not-supported');
    });
});
