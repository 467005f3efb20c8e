// A patient made through General or Twine is a valid FHIR Patient, and reading it and putting it back changes nothing in any
// dialect: over patients made at random. The seed is printed; DRAGOMAN_SEED repeats a run.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, clients, sanitized, startGateway, twineFind } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';
import { random } from './random.mjs';

const seed = Number(process.env.DRAGOMAN_SEED ?? Math.floor(Math.random() * 2 ** 31));
const COUNT = sanitized ? 15 : 40;

describe(`FHIR and the patients of others, seed ${seed}`, () => {
    const next = random(seed);
    const chance = (n) => next() * n < 1;
    const pick = (...values) => values[Math.floor(next() * values.length)];
    const maybe = (name, make, odds = 2) => (chance(odds) ? { [name]: make() } : {});
    const words = () => pick('Ann', 'Zoë', 'Maria del Mar', "O'Neil", '李', 'a/b|c\\d', 'x, y', '𝒵', 'e\u0301', 'null', '-', '"q"', 'A\tB', '  wide  ');
    const text = () => pick(words(), `${words()} ${words()}`, 'x'.repeat(200));
    const day = () => pick('1970-01-01', '2000-02-29', '1899-12-31', '2024-06-06', '1984-02-29');
    const phone = () => pick('+1-555-0100', '555', '(03) 5555 6473', 'ext. 5');
    let gateway, all, fhir, made = 0;

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
    });
    after(() => gateway.stop());

    const family = () => `Prop${process.pid}n${++made} ${text()}`.trim();
    const general = () => ({
        first_name: text(), last_name: family(), date_of_birth: day(),
        ...maybe('email', () => pick(`p${made}@example.org`, 'none at all', '')), ...maybe('phone', () => pick(phone(), '')), ...maybe('gender', () => pick('male', 'female', 'other', 'unknown', 'non-binary', 'X', '')),
        ...maybe('address', () => ({ ...maybe('street', () => pick('1 Main St', '1 Main St\nApt 2', 'a\n\nb', '')), ...maybe('city', text), ...maybe('state', () => pick('CA', '')), ...maybe('zip_code', () => pick('00501', '')) })),
        ...maybe('nickname', text, 4), ...maybe('notes', () => ({ deep: [1.50, null, text()] }), 4),
    });
    const twine = () => ({
        first_name: text(), last_name: family(), ...maybe('birth_date', day), ...maybe('gender', () => pick('male', 'female', 'other')),
        ...maybe('email_address', () => `t${made}@example.org`), ...maybe('note', text),
        ...maybe('phone_numbers', () => Array.from({ length: 1 + Math.floor(next() * 3) }, () => ({ type: pick('home', 'mobile', 'other'), ...maybe('primary', () => chance(2)), value: phone() }))),
        ...maybe('addresses', () => Array.from({ length: 1 + Math.floor(next() * 2) }, () => ({ type: pick('home', 'work'), lines: pick(['1 St'], ['1 St', 'Apt']), city: text(), ...maybe('primary', () => chance(2)), ...maybe('country', () => 'US') }))),
        ...maybe('identifiers', () => Array.from({ length: 1 + Math.floor(next() * 3) }, (_, i) => ({ system: pick('MRN', 'EHR', `urn:x:${i}`), value: `${process.pid}-${made}-${i}`, ...maybe('label', text), ...maybe('unique', () => chance(2)) }))),
    });

    async function check(sent, last, name) {
        const found = (await fhir.get(`/Patient?name=${encodeURIComponent(name)}`)).json; // the kit validates every resource
        assert.equal(found.total, 1, JSON.stringify(sent));
        const { resource } = found.entry[0];
        const snapshot = async () => {
            const graph = (await all.graph.get(`/v1/patients/${resource.id}`)).json;
            const [seen] = (await all.general.get(`/v1/patients?search=${encodeURIComponent(name)}`)).json.patients;
            const shown = await twineFind(all.twine, `/pub/patient?filter[organization]=${ACME}`, (p) => p.attributes.last_name === last);
            return { graph, seen, shown };
        };
        const before = await snapshot();
        const read = await fhir.get(`/Patient/${resource.id}`);
        assert.deepEqual(read.json, resource);
        const put = await fhir.put(`/Patient/${resource.id}`, read.text, 200, { 'if-match': read.headers.etag });
        assert.deepEqual(put.json, resource, JSON.stringify(sent));
        assert.equal(put.headers.etag, read.headers.etag);
        assert.deepEqual(await snapshot(), before, JSON.stringify(sent));
    }

    test('General', async () => {
        for (let i = 0; i < COUNT; i++) {
            const sent = general();
            await all.general.post('/v1/patients', { patient: sent });
            await check(sent, sent.last_name, `Prop${process.pid}n${made}`);
        }
    });

    test('Twine', async () => {
        for (let i = 0; i < COUNT; i++) {
            const attributes = twine();
            await all.twine.post('/pub/patient', { data: { type: 'patient', attributes, relationships: { groups: { data: [] } } } }, null);
            await check(attributes, attributes.last_name, `Prop${process.pid}n${made}`);
        }
    });
});
