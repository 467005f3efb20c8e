// FHIR R4 Patient as a dialect: every interaction and search parameter, its errors, tenancy, and what the others see.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, clients, person, startGateway, twineFind } from './harness.mjs';
import { FhirClient, assertValid } from './fhir_kit.mjs';

const NOBODY = '00000000-0000-4000-8000-000000000000';
let made = 0;

describe('FHIR Patient', () => {
    let gateway, all, fhir, globex;

    const patient = (more = {}) => ({
        resourceType: 'Patient', name: [{ family: `Linnet${process.pid}x${++made}`, given: ['Qanary'] }], ...more,
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
    });
    after(() => gateway.stop());

    test('metadata is open, and says what is there', async () => {
        const { json } = await new FhirClient(gateway).get('/metadata');
        assert.equal(json.resourceType, 'CapabilityStatement');
        assert.equal(json.fhirVersion, '4.0.1');
        const resource = json.rest[0].resource.find((r) => r.type === 'Patient');
        assert.deepEqual(resource.interaction.map((i) => i.code), ['read', 'create', 'update', 'search-type']);
        for (const { name } of resource.searchParam) await fhir.get(`/Patient?${name}=2001`);
        await fhir.get('/metadata?_format=json');
    });

    test('create, read: Location, ETag, what has no canonical place comes back', async () => {
        const sent = patient({
            text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">A bird</div>' },
            extension: [{ url: 'http://example.org/ext', valueDecimal: 0.125 }],
            identifier: [{ use: 'usual', system: 'urn:oid:1.2.36', value: `L${process.pid}-${++made}`, assigner: { display: 'Acme' } },
                { value: 'without a system' }],
            active: true,
            name: [{ use: 'maiden', family: 'Wren' }, { use: 'official', family: 'Linnet', given: ['Qanary', 'Mary'], prefix: ['Dr'] }],
            telecom: [{ system: 'fax', value: '555-9' }, { system: 'phone', value: '555-7000', use: 'work', rank: 1 }, { system: 'email', value: 'linnet@example.org' }],
            gender: 'female', birthDate: '1974-12-25', _birthDate: { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1974-12-25T14:35:45-05:00' }] },
            deceasedBoolean: false,
            address: [{ use: 'home', line: ['1 Reed St', 'Apt 2'], city: 'Fenton', state: 'VT', postalCode: '03999', country: 'US' }],
            maritalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M' }] },
            contact: [{ name: { family: 'Linnet' }, relationship: [{ text: 'father' }] }],
            communication: [{ language: { text: 'en' } }], multipleBirthInteger: 2,
        });
        const created = await fhir.post('/Patient', JSON.stringify(sent).replace('0.125', '0.1250'));
        const { id, meta } = created.json;
        assert.equal(created.headers.location, `/fhir/Patient/${id}`);
        assert.match(created.headers.etag, /^W\/"[^"]+"$/);
        assert.match(meta.lastUpdated, /^\d{4}-\d\d-\d\dT/);
        const read = await fhir.get(created.headers.location.slice('/fhir'.length));
        assert.equal(read.headers.etag, created.headers.etag);
        assert.deepEqual(without(read.json, 'id', 'meta'), sent);
        assert.ok(read.text.includes('0.1250'), 'a number keeps its digits');
        const general = (await all.general.get('/v1/patients?search=linnet@example.org')).json.patients[0];
        assert.equal(general.first_name, 'Qanary Mary');
        assert.equal(general.last_name, 'Linnet');
        assert.equal(general.date_of_birth, '1974-12-25');
        assert.equal(general.phone, '555-7000');
        assert.deepEqual(general.address, { street: '1 Reed St\nApt 2', city: 'Fenton', state: 'VT', zip_code: '03999' });
        const twine = await twineFind(all.twine, `/pub/patient?filter[organization]=${ACME}`, (p) => p.attributes.email_address === 'linnet@example.org');
        assert.equal(twine.attributes.gender, 'female');
        assert.equal(twine.attributes.identifiers[0].system, 'urn:oid:1.2.36');
        const graph = (await all.graph.get(`/v1/patients/${id}`)).json;
        assert.equal(graph.first_name, 'Qanary Mary');
        // what another dialect changes is seen, and what is kept beside it stays
        await all.general.put(`/v1/patients/${general.id}`, { patient: { phone: '555-8000', first_name: 'Robin' } });
        const seen = (await fhir.get(`/Patient/${id}`)).json;
        assert.deepEqual(seen.telecom[1], { system: 'phone', value: '555-8000', use: 'work', rank: 1 });
        assert.deepEqual(seen.name[1], { use: 'official', family: 'Linnet', given: ['Robin'], prefix: ['Dr'] });
        assert.deepEqual(without(seen, 'id', 'meta', 'telecom', 'name'), without(sent, 'telecom', 'name'));
        assert.deepEqual(await fhir.call('HEAD', `/Patient/${id}`, { status: 200 }).then((a) => a.text), '');
    });

    test('a patient of General is a valid Patient, and reading it and putting it back changes nothing in any dialect', async () => {
        const variants = [{}, { gender: 'non-binary', phone: '+1 555', address: { street: '1 Main\nApt 2', city: 'X', zip_code: '1' } },
            { first_name: 'Maria del Mar', email: 'no address' }, { nickname: 'kept by General' },
            { gender: '', phone: '', address: { street: '', city: '', state: 'X' } }, { phone: '', address: { street: '' } }]; // FHIR has no empty strings
        for (const more of variants) {
            const { json: { id } } = await all.general.post('/v1/patients', { patient: person(more) });
            const general = (await all.general.get(`/v1/patients/${id}`)).json;
            const found = await fhir.get(`/Patient?name=${general.last_name}`);
            const resource = found.json.entry[0].resource;
            const twineOf = () => twineFind(all.twine, `/pub/patient?filter[organization]=${ACME}`, (p) => p.attributes.last_name === general.last_name);
            const before = [general, await twineOf(), (await all.graph.get(`/v1/patients/${resource.id}`)).json];
            const put = await fhir.put(`/Patient/${resource.id}`, resource);
            assert.deepEqual(put.json, resource);
            assert.deepEqual([(await all.general.get(`/v1/patients/${id}`)).json, await twineOf(),
                (await all.graph.get(`/v1/patients/${resource.id}`)).json], before);
        }
    });

    test('update replaces what FHIR shows, and nothing that it cannot see', async () => {
        const { json: own } = await all.graph.post('/v1/patients', { brand_id: 'acme', first_name: 'Qanary', last_name: 'Whole', phone: '1', email: `whole${process.pid}@example.org`, metadata: { plan: [1.5] } });
        const shown = (await fhir.get(`/Patient/${own.id}`)).json;
        const extended = { ...shown, maritalStatus: { text: 'Married' }, birthDate: '1980-01-01' };
        assert.deepEqual(without((await fhir.put(`/Patient/${own.id}`, extended)).json, 'meta'), without(extended, 'meta'));
        const bare = { resourceType: 'Patient', id: own.id, name: [{ family: 'Whole', given: ['Qanary'] }] };
        assert.deepEqual(without((await fhir.put(`/Patient/${own.id}`, bare)).json, 'meta', 'active'), bare);
        const left = (await all.graph.get(`/v1/patients/${own.id}`)).json;
        assert.deepEqual([left.phone, left.email, left.date_of_birth, left.status], [null, null, null, 'active']);
        assert.deepEqual(left.metadata, { plan: [1.5] });
        await fhir.put(`/Patient/${own.id}`, { ...bare, active: false });
        assert.equal((await all.graph.get(`/v1/patients/${own.id}`)).json.status, 'inactive');
        assert.equal((await fhir.put(`/Patient/${own.id}`, bare)).json.active, false, 'active is left where the body does not say');
    });

    test('If-Match: the version that was read, or 412', async () => {
        const { json: created, headers } = await fhir.post('/Patient', patient());
        const changed = await fhir.put(`/Patient/${created.id}`, { ...created, gender: 'male' }, 200, { 'if-match': headers.etag });
        assert.notEqual(changed.headers.etag, headers.etag);
        outcome(await fhir.put(`/Patient/${created.id}`, { ...created, gender: 'other' }, 412, { 'if-match': headers.etag }), 'conflict');
        assert.equal((await fhir.get(`/Patient/${created.id}`)).json.gender, 'male');
        await fhir.put(`/Patient/${created.id}`, { ...created, gender: 'other' }, 200, { 'if-match': '*' });
        await fhir.put(`/Patient/${created.id}`, created);
    });

    test('search: each parameter finds, misses and refuses', async () => {
        const system = `http://example.org/mrn/${process.pid}`;
        const family = `Grebe${process.pid}`;
        const one = (await fhir.post('/Patient', patient({ name: [{ family, given: ['Anna', 'Berta'] }], birthDate: '1974-12-25', identifier: [{ system, value: 'a|1' }] }))).json.id;
        const two = (await fhir.post('/Patient', patient({ name: [{ family, given: ['Carla'] }], birthDate: '1990-02-03', identifier: [{ system, value: 'b,2' }], telecom: [{ system: 'email', value: `berta${process.pid}@example.org` }] }))).json.id;
        const both = [one, two];
        const cases = [
            [`_id=${one}`, [one]], [`_id=${one},${two}`, both], [`_id=${NOBODY}`, []], ['_id=', []],
            [`identifier=${encodeURIComponent(`${system}|a\\|1`)}`, [one]], [`identifier=${encodeURIComponent(`${system}|b\\,2`)}`, [two]],
            [`identifier=${encodeURIComponent('b\\,2')}`, [two]], [`identifier=${encodeURIComponent(`${system}|none`)}`, []],
            [`identifier=${encodeURIComponent('http://example.org/other|b\\,2')}`, []],
            [`name=${family}`, both], [`name=${family.toUpperCase()}`, both], [`name=${family}&name=x`, 400],
            [`name=berta&_id=${one},${two}`, [one]], [`name=erta&_id=${one}`, []], [`name=anna%20berta&_id=${one}`, [one]],
            [`name=${family}&birthdate=1974-12-25`, [one]], [`name=${family}&birthdate=1974`, [one]], [`name=${family}&birthdate=eq1990-02`, [two]],
            [`name=${family}&birthdate=ge1990`, [two]], [`name=${family}&birthdate=gt1974-12-25`, [two]], [`name=${family}&birthdate=le1974-12-25`, [one]],
            [`name=${family}&birthdate=lt1974-12-25`, []], [`name=${family}&birthdate=ge1970&birthdate=lt1980`, [one]], [`name=${family}&birthdate=sa1974`, [two]],
            ['birthdate=1974-13', 400], ['birthdate=ne1974', 400], ['birthdate=1974-12-25T10:00', 400], ['birthdate=yesterday', 400], ['birthdate=', 400],
            ['identifier=', 400], ['identifier=%7Cx', 400], ['identifier=a%7C', 400], ['identifier=a,b', 400], ['name=', 400], ['name=a,b', 400],
            ['gender=male', 400], ['name:exact=x', 400], ['_sort=name', 400], ['_count=-1', 400], ['_count=x', 400], ['_offset=x', 400], ['_count=1&_count=2', 400],
        ];
        for (const [query, want] of cases) {
            if (want === 400) {
                const got = await fhir.get(`/Patient?${query}`, 400);
                outcome(got, 'invalid', decodeURIComponent(query.split('&').at(-1).split('=')[0]));
            } else assert.deepEqual((await fhir.found(`/Patient?${query}`)).sort(), [...want].sort(), query);
        }
        const empty = (await fhir.get(`/Patient?_id=${NOBODY}`)).json;
        assert.deepEqual([empty.type, empty.total, empty.entry], ['searchset', 0, undefined]);
        assert.deepEqual(await fhir.call('GET', `/Patient?_id=${one}`, { prefix: '', headers: { host: 'fhir.localhost' }, status: 200 }).then((a) => a.json.total), 1);
    });

    test('a further identifier of a system is kept, and found by all the same', async () => {
        const system = `urn:second:${process.pid}`;
        const { json: one } = await fhir.post('/Patient', patient({ identifier: [{ system, value: 'first' }, { system, value: 'second', use: 'old' }] }));
        for (const value of ['first', 'second']) assert.deepEqual(await fhir.found(`/Patient?identifier=${encodeURIComponent(`${system}|${value}`)}`), [one.id]);
        assert.deepEqual(await fhir.found(`/Patient?identifier=${encodeURIComponent(`${system}|second`)}&_id=${NOBODY}`), []);
        assert.deepEqual(await globex.found(`/Patient?identifier=${encodeURIComponent(`${system}|second`)}`), []);
        await fhir.put(`/Patient/${one.id}`, { ...one, identifier: [{ system, value: 'first' }] });
        assert.deepEqual(await fhir.found(`/Patient?identifier=${encodeURIComponent(`${system}|second`)}`), []);
        for (const alone of [`${system}|`, '|second']) outcome(await fhir.get(`/Patient?identifier=${encodeURIComponent(alone)}`, 400), 'invalid', 'identifier');
    });

    test('search by POST: the form and the query together, with the same answers, links and refusals', async () => {
        const family = `Bittern${process.pid}`;
        const ids = [];
        for (let i = 0; i < 3; i++) ids.push((await fhir.post('/Patient', patient({ name: [{ family, given: [`N${i}`] }] }))).json.id);
        const form = { 'content-type': 'application/x-www-form-urlencoded' };
        const search = (body, status = 200, query = '', headers = form) => fhir.post(`/Patient/_search${query}`, body, status, headers);
        for (const [body, query] of [[`name=${family}&_count=2`, ''], [`name=${family}`, '?_count=2'], ['_count=2', `?name=${family}`]]) {
            const { json } = await search(body, 200, query);
            assert.deepEqual([json.total, json.entry.map((e) => e.resource.id)], [3, ids.slice(0, 2)]);
            const next = json.link.find((l) => l.relation === 'next').url; // a GET, of the search itself
            assert.match(next, /^Patient\?/);
            assert.deepEqual(await fhir.found(`/${next}`), ids.slice(2));
        }
        assert.equal((await search(`name=${family.toUpperCase()}`, 200, '', { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' })).json.total, 3);
        assert.equal((await search(`_id=${ids[0]}`, 200, '?_format=application/json')).headers['content-type'], 'application/json');
        assert.equal((await search('_format=json', 200)).headers['content-type'], 'application/fhir+json');
        outcome(await search('_format=xml', 406), 'not-supported');
        for (const [body, query, name] of [['gender=male', '', 'gender'], [`name=${family}`, '?name=x', 'name'], ['birthdate=x', '', 'birthdate'], ['', '?gender=male', 'gender']])
            outcome(await search(body, 400, query), 'invalid', name);
        outcome(await search('name=%zz', 400), 'invalid');
        outcome(await search(Array(65).fill('a=b').join('&'), 413), 'too-long');
        outcome(await search('{}', 415, '', {}), 'not-supported');
        outcome(await search(`name=${family}`, 415, '', { 'content-type': 'text/plain' }), 'not-supported');
        outcome(await new FhirClient(gateway).post('/Patient/_search', `name=${family}`, 401, form), 'login');
        assert.equal((await globex.post('/Patient/_search', `_id=${ids.join(',')}`, 200, form)).json.total, 0);
        const bound = new FhirClient(gateway, gateway.token('fhir', { patient: ids[0] }));
        assert.equal((await bound.post('/Patient/_search', `name=${family}`, 200, form)).json.total, 1);
        outcome(await bound.post('/Patient/_search', `_id=${ids[1]}`, 403, form), 'forbidden');
    });

    test('paging: links lead through all, each once; total and self are said', async () => {
        const family = `Heron${process.pid}`;
        const ids = [];
        for (let i = 0; i < 5; i++) ids.push((await fhir.post('/Patient', patient({ name: [{ family, given: [`N${i}`] }] }))).json.id);
        assert.deepEqual(await fhir.found(`/Patient?name=${family}&_count=2`), ids);
        const { json } = await fhir.get(`/Patient?name=${family}&_count=2&_offset=2`);
        assert.equal(json.total, 5);
        assert.deepEqual(json.link.map((l) => l.relation), ['self', 'first', 'previous', 'next', 'last']);
        for (const { url } of json.link) assert.ok(url.startsWith(`Patient?name=${family}&`), url);
        for (const entry of json.entry) assert.deepEqual(entry.search, { mode: 'match' });
        const count = (await fhir.get(`/Patient?name=${family}&_count=0`)).json;
        assert.deepEqual([count.total, count.entry], [5, undefined]);
        assert.equal((await fhir.get('/Patient?_count=1000')).json.link.find((l) => l.relation === 'self').url.includes('_count=100'), true);
    });

    test('media types: Accept, _format, Content-Type', async () => {
        const path = '/Patient?_count=1';
        const cases = [
            [{}, '', 'application/fhir+json'], [{ accept: '*/*' }, '', 'application/fhir+json'], [{ accept: 'application/json' }, '', 'application/json'],
            [{ accept: 'application/fhir+json; fhirVersion=4.0' }, '', 'application/fhir+json'], [{ accept: 'application/fhir+xml' }, '', 406],
            [{ accept: 'application/fhir+xml' }, '&_format=json', 'application/fhir+json'], [{}, '&_format=application/fhir%2Bjson', 'application/fhir+json'],
            [{}, '&_format=application/fhir+json', 'application/fhir+json'], [{}, '&_format=application/json', 'application/json'],
            [{}, '&_format=xml', 406], [{}, '&_format=', 406], [{}, '&_format=json&_format=json', 400],
        ];
        for (const [headers, query, want] of cases) {
            const got = await fhir.get(path + query, typeof want === 'number' ? want : 200, headers);
            if (typeof want === 'string') assert.equal(got.headers['content-type'], want, `${JSON.stringify(headers)} ${query}`);
        }
        for (const [type, status] of [['application/fhir+json; charset=utf-8; fhirVersion=4.0', 201], ['application/json', 201],
            ['application/fhir+json; fhirVersion=3.0', 415], ['application/fhir+xml', 415], ['text/plain', 415]])
            await fhir.post('/Patient', patient(), status, { 'content-type': type });
    });

    test('errors are OperationOutcomes that name the element', async () => {
        outcome(await fhir.post('/Patient', '{', 400), 'structure');
        outcome(await fhir.post('/Patient', '[]', 400), 'invalid');
        const bad = [
            [{ name: undefined }, 'name'], [{ name: [] }, 'name'], [{ name: [{ family: 'X' }] }, 'name[0].given'], [{ name: [{ given: ['X'] }] }, 'name[0].family'],
            [{ name: [{ family: 'X', given: [] }] }, 'name[0].given'], [{ name: [{ family: 'X', given: [' '] }] }, 'name[0].given'], [{ name: [{ family: 'X', given: 'Y' }] }, 'name[0].given'],
            [{ name: {} }, 'name'], [{ resourceType: 'Person' }, 'resourceType'], [{ resourceType: undefined }, 'resourceType'], [{ gender: 'm' }, 'gender'],
            [{ birthDate: '1974-02-30' }, 'birthDate'], [{ birthDate: 1974 }, 'birthDate'], [{ active: 'true' }, 'active'], [{ active: false }, 'active'],
            [{ telecom: [] }, 'telecom'], [{ telecom: [{ system: 'email', value: 'none' }] }, 'telecom[0].value'], [{ birthdate: '1974-01-01' }, 'birthdate'],
            [{ modifierExtension: [{ url: 'http://example.org/m' }] }, 'modifierExtension'], [{ gender: null }, 'gender'], [{ meta: { x: 1 } }, 'meta.x'],
        ];
        for (const [more, expression] of bad) outcome(await fhir.post('/Patient', { ...patient(), ...more }, 422), 'invalid', expression);
        const system = `urn:dup:${process.pid}`;
        await fhir.post('/Patient', patient({ identifier: [{ system, value: '1' }] }));
        outcome(await fhir.post('/Patient', patient({ identifier: [{ system, value: '1' }] }), 409), 'duplicate');
        const { json: own } = await fhir.post('/Patient', patient());
        outcome(await fhir.put(`/Patient/${own.id}`, without(own, 'id'), 400), 'invalid');
        outcome(await fhir.put(`/Patient/${own.id}`, { ...own, id: NOBODY }, 400), 'invalid');
        outcome(await fhir.put(`/Patient/${own.id}`, without(own, 'name'), 422), 'invalid', 'name');
        outcome(await fhir.put(`/Patient/${own.id}`, without(own, 'resourceType'), 422), 'invalid', 'resourceType');
        outcome(await fhir.put(`/Patient/${own.id}`, { ...own, name: [{ family: 'Only' }] }, 422), 'invalid', 'name[0].given');
        outcome(await fhir.get(`/Patient/${NOBODY}`, 404), 'not-found');
        outcome(await fhir.put(`/Patient/${NOBODY}`, { ...patient(), id: NOBODY }, 404), 'not-found');
        outcome(await fhir.get('/Nothing', 404), 'not-supported');
        const refused = await fhir.call('DELETE', `/Patient/${own.id}`, { status: 405 });
        outcome(refused, 'not-supported');
        assert.equal(refused.headers.allow, 'GET, HEAD, PUT');
        outcome(await fhir.post('/Patient', patient({ language: 'x'.repeat(5 << 20) }), 413), 'too-long');
    });

    test('tenancy and scopes', async () => {
        const { json: own } = await fhir.post('/Patient', patient());
        const nobody = new FhirClient(gateway);
        const got = await nobody.get(`/Patient/${own.id}`, 401);
        outcome(got, 'login');
        assert.match(got.headers['www-authenticate'], /^Bearer realm=/);
        outcome(await new FhirClient(gateway, 'nonsense').get('/Patient', 401), 'login');
        const reader = new FhirClient(gateway, gateway.token('fhir', { scope: 'read:patients' }));
        await reader.get(`/Patient/${own.id}`);
        outcome(await reader.post('/Patient', patient(), 403), 'forbidden');
        outcome(await reader.put(`/Patient/${own.id}`, own, 403), 'forbidden');
        const writer = new FhirClient(gateway, gateway.token('fhir', { scope: 'write:patients read:metrics' }));
        outcome(await writer.get(`/Patient/${own.id}`, 403), 'forbidden');
        outcome(await writer.get('/Patient', 403), 'forbidden');
        // another brand's is as one that does not exist
        const foreign = await globex.get(`/Patient/${own.id}`, 404);
        const missing = await globex.get(`/Patient/${NOBODY}`, 404);
        assert.equal(foreign.text, missing.text);
        await globex.put(`/Patient/${own.id}`, own, 404);
        assert.deepEqual(await globex.found(`/Patient?_id=${own.id}`), []);
        assert.deepEqual(await globex.found(`/Patient?name=${own.name[0].family}`), []);
        // bound to one patient: that one, and 403 for every other id, existing or not
        const { json: other } = await fhir.post('/Patient', patient());
        const bound = new FhirClient(gateway, gateway.token('fhir', { patient: own.id }));
        await bound.get(`/Patient/${own.id}`);
        await bound.put(`/Patient/${own.id}`, own);
        assert.deepEqual(await bound.found('/Patient'), [own.id]);
        for (const id of [other.id, NOBODY]) {
            outcome(await bound.get(`/Patient/${id}`, 403), 'forbidden');
            outcome(await bound.put(`/Patient/${id}`, { ...other, id }, 403), 'forbidden');
        }
        assertValid((await bound.get('/Patient')).json);
    });
});
