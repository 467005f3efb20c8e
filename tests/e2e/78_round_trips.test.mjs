// What a client sends comes back: documents made at random for the creates of every dialect, one by one, many at once and as upserts,
// and for the updates of every dialect but FHIR (76), with members that are documented and others that are not, are read back as they were sent; an update changes what it names and nothing else; and a
// patient that any dialect reads and writes back stays as it is in all. DRAGOMAN_SEED gives another run, DRAGOMAN_TRIES a longer one.
//
// What comes back in another form, as docs/mapping.md and docs/decisions.md say:
//   a moment           the same in UTC, with milliseconds
//   null, of a create  as if it was absent: what is absent may have a default. In what nobody documents it is a null
//   "7", a quantity    the number; other text as it was sent
//   an object          of an update: merged into the one that is there (RFC 7396). A null inside takes a member away, so none is sent
//   1.5 for 1.50       of an update: the number stays as it was
//   identifiers        of an update: in the order of what is there
//   ip_address         of a researcher: the one that the request came from
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeWorld } from '../hostile/matrix.mjs';
import { signToken } from './backend_kit.mjs';
import { describeDialect } from './bodies.mjs';
import { ANY, byValue, lossless, maker, missing, printed } from './documents.mjs';
import { request, sanitized, startGateway } from './harness.mjs';
import { choices } from './random.mjs';

const seed = Number(process.env.DRAGOMAN_SEED ?? 1);
const COUNT = Number(process.env.DRAGOMAN_TRIES ?? (sanitized ? 4 : 20)); // of each operation
const ALWAYS_NEW = ['updated_at', 'req_id', 'meta', 'age', 'versionId', 'lastUpdated'];
const TYPES = { patient_plan_summary: 'plan', coach: 'provider', calendar_event: 'encounter', organization: 'brand' };

/** Not created or changed here, and why. */
const ELSEWHERE = {
    createToken: 'no entity', upsertPatient: 'createPatient or updatePatient', updatePatient_patch: 'updatePatient', checkInteractions: '501', setProtocolCompounds: '501', setProtocolSchedule: '501', createDose: '501',
    verifyAge: 'the answer is the patient', acknowledgeRuo: 'the answer is the patient', linkProvider: 'a link', updateMedicationStatus: 'one word',
};
/** What patient-graph's answers have and its requests may not. */
const READ_ONLY = ['id', 'created_at', 'updated_at', 'age_verified_at', 'ruo_pathway_acknowledged_at', 'researcher_acknowledgement_id', 'prescription_status', 'prescription_consult_completed_at'];
/** Members without which most documents are refused. */
const NEEDED = ['data', 'attributes', 'relationships', 'type', 'patient', 'owner'], NEEDED_BY_FHIR = ['name', 'subject', 'period', 'class', 'code', 'coding', 'valueQuantity'];
/** Where patient-graph, and General for gauges, show what was created; nothing: only in the answer. */
const SHOWN = {
    createGauge: '/v1/patients/{patient_id}/gauges', createMetric: '/v1/patients/{patient_id}/metrics/{metric_key}', createMedication: '/v1/patients/{patient_id}/medications', createEncounter: '/v1/encounters/{id}',
    putJournal: '/v1/patients/me/journal?from=1899-01-01&to=2100-01-01', putOnboarding: '/v1/patients/me/onboarding',
};

describe(`round trips, seed ${seed}, ${COUNT} of each`, () => {
    let gateway, world, token, all, refused = 0, sent = 0;
    const random = choices(seed);

    before(async () => {
        gateway = await startGateway({ patients: 3 });
        world = await makeWorld(gateway, 'acme', 'trips');
        const csv = join(gateway.stateDir, 'trips.csv');
        writeFileSync(csv, ['dialect,kind,brand,dialect_id,canonical_id', ...world.lines, ''].join('\n'));
        gateway.cli('crosswalk', 'import', csv);
        all = Object.fromEntries(['general', 'twine', 'patient-graph', 'fhir'].map((dialect) => [dialect, describeDialect(dialect)]));
        const scopes = [...new Set(Object.values(all).flatMap(({ operations }) => operations.flatMap((o) => (o.security ?? []).flatMap((s) => Object.values(s).flat()))))];
        const claims = { aud: 'dragoman', sub: 'trips', brand_id: 'acme', scope: scopes.join(' ') };
        token = [signToken(gateway, claims), signToken(gateway, { ...claims, patient_id: world.canonical.patient })];
    });
    after(() => gateway.stop());

    async function call(dialect, method, path, text) {
        const type = { twine: 'application/vnd.api+json', fhir: 'application/fhir+json' }[dialect] ?? 'application/json', credential = token[path.includes('/me') || /researcher-ack/.test(path) ? 1 : 0];
        const headers = { host: `${dialect}.localhost`, ...(dialect === 'general' ? { 'x-user-token': credential } : { authorization: `Bearer ${credential}` }) };
        if (text !== undefined) Object.assign(headers, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
        return request(gateway.port, method, path, { headers, body: text, agent: gateway.agent });
    }
    const own = (json, dialect) => (dialect === 'twine' ? json.data : json);
    /** The object with that id, wherever it stands. */
    const find = (value, id) => (typeof value !== 'object' || value === null ? undefined : value.id === id ? value : Object.values(value).map((inner) => find(inner, id)).find(Boolean));

    const ids = (type) => world.ids.twine[TYPES[type] ?? type] ?? 'somebody';
    /** Members that no schema describes whole, or that must be new. */
    function members(dialect, { string, object, array, words, json, exact, numeral }, operation) {
        const fresh = () => string(`${random.pick(['Lee', 'Zoë', '李', 'a "b"'])} x${++made}x`);
        const extra = () => (random.chance(4) ? [['ext', exact(json())]] : []), flag = (name) => (random.chance(2) ? [[name, random.chance(2) ? ['true', true] : ['false', false]]] : []);
        const list = (make) => () => array(Array.from({ length: random.below(4) }, make));
        const twine = {
            phone_numbers: list(() => object([['value', words()], ['type', words()], ...flag('primary'), ...extra()])),
            addresses: list(() => object([['lines', array(Array.from({ length: 1 + random.below(3) }, () => string(random.pick(['1 St', 'Apt 2', '李', '']))))], ['city', words()], ...flag('primary'), ...extra()])),
            identifiers: (beside) => (beside.some(([name]) => name === 'last_name' || name === 'email_address') ? list(() => object([['system', string(random.pick(['MRN', 'urn:x', 'a b']))], ['value', fresh()], ...flag('unique'), ...extra()]))() : exact(array(Array.from({ length: random.below(3) }, () => json())))),
        };
        const said = () => string(random.pick(['Lee', 'Zoë', '李', 'a "b"', '  wide  ', '\ue000'])), some = (make) => () => array(Array.from({ length: 1 + random.below(3) }, make));
        if (dialect === 'fhir') return {
            name: some(() => object([['family', fresh()], ['given', array(Array.from({ length: 1 + random.below(3) }, said))], ...extra()])),
            telecom: some(() => random.pick([() => object([['system', string('phone')], ['value', said()], ...extra()]), () => object([['system', string('email')], ['value', string(`f${++made}@example.org`)]]), () => object([['system', string('fax')], ['value', said()]])])()),
            address: some(() => object([['line', array([said(), said()])], ['city', said()], ['country', said()], ...extra()])),
            identifier: some(() => object([['system', string(random.pick(['MRN', 'urn:x', 'a b']))], ['value', fresh()], ...extra()])),
            active: () => ['true', true], subject: () => object([['reference', string(`Patient/${world.canonical.patient}`)], ['display', said()]]),
            status: () => string(operation === 'createEncounter' ? 'planned' : 'final'), participant: () => undefined, coding: () => array([object([['system', string('http://loinc.org')], ['code', string('29463-7')], ...extra()])]),
            effectiveDateTime: () => random.pick([['"2024-06-06T10:00:00+02:00"', '2024-06-06T08:00:00.000Z'], string('2013-03')]), period: () => object([['start', ['"2024-06-06T10:00:00.5+02:00"', '2024-06-06T08:00:00.500Z']]]),
            valueQuantity: () => object([['value', numeral()], ['unit', said()]]), valueString: () => undefined, component: () => undefined,
        };
        return { last_name: fresh, name: fresh, attendee: words, query: () => undefined, ip_address: () => ['"10.1.2.3"', ANY], ignore_duplicates: () => ['false', ANY], ...(dialect === 'twine' ? twine : dialect === 'general' ? { email: () => (random.chance(5) ? words() : string(`g${++made}@example.org`)) } : {}) };
    }
    let made = 0;

    const operations = (dialect) => all[dialect].operations.filter((o) => o.requestBody && !(o.operationId in ELSEWHERE) && Object.keys(o.requestBody.content)[0].includes('json'));
    const fill = ({ prefix, template }, dialect, id) => prefix + template.replace(/\{(\w+)\}/g, id ?? world.ids[dialect].patient);
    function document(o, update) {
        const kit = maker(all[o.dialect].api, random, { ids, own: {} }), whole = maker(all[o.dialect].api, random, { ids, own: members(o.dialect, kit, o.operationId), needed: o.dialect === 'fhir' ? NEEDED_BY_FHIR : NEEDED, closed: o.dialect === 'fhir' });
        const [text, want] = whole.make(o.requestBody.content[Object.keys(o.requestBody.content)[0]].schema, '', update);
        return { text, want: o.dialect === 'twine' ? want.data : o.dialect === 'general' ? want.patient ?? want.gauge : want };
    }
    /** What its dialect shows of it now. */
    async function read(o, answer, want) {
        const { id } = own(answer, o.dialect), twin = all[o.dialect].operations.find((other) => other.method === 'GET' && other.template === `${o.template.replace(/\/\{id\}$/, '')}/{id}`);
        let path = o.operationId in SHOWN && o.dialect !== 'fhir' ? SHOWN[o.operationId] : twin && `${o.prefix}${twin.template}`;
        if (!path || (want.metric_key && !/^[\w ,.é-]+$/.test(want.metric_key))) return own(answer, o.dialect);
        path = path.replace(/\{(\w+)\}/g, (_, name) => (name === 'id' ? printed(id).replaceAll('"', '') : encodeURIComponent(want[name] ?? world.ids[o.dialect].patient)));
        const got = await call(o.dialect, 'GET', path);
        assert.equal(got.status, 200, `${path}: ${got.text}`);
        const json = lossless(got.text);
        return id === undefined ? json : find(json, id) ?? assert.fail(`${path} does not show ${id}: ${got.text}`);
    }
    const faults = [];
    const note = (o, text, list) => list.forEach((fault) => faults.push(`${o.dialect} ${o.operationId} ${fault}${process.env.DRAGOMAN_SHOW ? `\n  > ${text}` : ''}`));

    async function create(o) {
        const { text, want } = document(o, false), got = await call(o.dialect, o.method, fill(o, o.dialect), text);
        sent++;
        if (got.status >= 300) {
            refused++;
            assert.ok(got.status < 500, got.text);
            if (process.env.DRAGOMAN_SHOW) console.log(`# ${o.operationId} ${got.status} ${got.text}\n# ${text}`);
            return undefined;
        }
        const answer = lossless(got.text), shown = await read(o, answer, want);
        note(o, text, [...missing(own(answer, o.dialect), want, 'answer'), ...missing(shown, want, 'read')]);
        return { o, id: own(answer, o.dialect).id, shown };
    }

    for (const dialect of ['general', 'twine', 'patient-graph', 'fhir'])
        test(`${dialect}: what is created is read as it was sent`, async () => {
            for (const o of operations(dialect).filter(({ template, operationId }) => !/\{id\}$/.test(template) || operationId === 'putIntakeResponse'))
                for (let i = 0; i < COUNT; i++) await create(o);
            tell();
        });

    const tell = () => {
        assert.ok(!faults.length, `${faults.length} faults, seed ${seed}\n${faults.splice(0).slice(0, 30).join('\n')}`);
        assert.ok(refused < sent / 3, `${refused} of ${sent} refused`);
    };
    const parts = (shown, dialect) => (dialect === 'twine' ? { ...Object.fromEntries(['attributes', 'relationships'].flatMap((part) => Object.entries(shown[part] ?? {}).map(([name, value]) => [`${part}/${name}`, value]))), ...shown } : shown);
    /** Identifiers that an update names stay where they were in the list, and new ones come last. */
    const sorted = (shown) => (shown.attributes?.identifiers?.[0]?.system ? { ...shown, attributes: { ...shown.attributes, identifiers: [...shown.attributes.identifiers].sort((a, b) => (`${a.system} ${a.value}` < `${b.system} ${b.value}` ? -1 : 1)) } } : shown);
    const left = ['attributes', 'relationships', 'age', 'updated_at', 'attributes/updated_at', 'attributes/_actions'];

    for (const dialect of ['general', 'twine', 'patient-graph'])
        test(`${dialect}: an update changes what it names, and nothing else`, async () => {
            for (const o of operations(dialect).filter(({ method, template }) => method !== 'POST' && /\{id\}$/.test(template))) {
                const creates = operations(dialect).find(({ method, template }) => method === 'POST' && `${template}/{id}` === o.template);
                for (let i = 0; i < COUNT; i++) {
                    const one = creates ? await create(creates) : { id: world.ids[dialect].plan };
                    for (let round = 0; one && round < 3; round++) {
                        const path = fill(o, dialect, printed(one.id).replaceAll('"', '')), { text, want } = document(o, true);
                        const before = own(lossless((await call(dialect, 'GET', path)).text), dialect), got = await call(dialect, o.method, path, text);
                        sent++;
                        assert.ok(got.status < 500, got.text);
                        if (got.status >= 300) refused++;
                        if (got.status >= 300) continue;
                        const changed = own(lossless((await call(dialect, 'GET', path)).text), dialect), named = parts(want, dialect);
                        note(o, text, missing(byValue(sorted(changed)), byValue(sorted(want)), 'update'));
                        const [was, now] = [before, changed].map((shown) => parts(shown, dialect));
                        const cleared = ['attributes', 'relationships'].filter((part) => typeof want[part] === 'symbol');
                        for (const name of new Set([...Object.keys(was), ...Object.keys(now)]))
                            if (!Object.hasOwn(named, name) && !left.includes(name) && !cleared.includes(name.split('/')[0]) && printed(was[name] ?? null) !== printed(now[name] ?? null)) note(o, text, [`changed ${name} from ${printed(was[name] ?? null)} to ${printed(now[name] ?? null)}`]);
                    }
                }
            }
            tell();
        });

    /** A patient in every dialect: how each shows it, and what it writes back of that. */
    async function everywhere({ last_name }) {
        const name = encodeURIComponent(last_name), canonical = await canonicalOf(last_name);
        const general = (await call('general', 'GET', `/v1/patients?search=${name}`)).json.patients[0].id, twine = await twineOf(last_name);
        const ways = {
            general: [`/v1/patients/${general}`, 'PUT', (text) => `{"patient":${text}}`],
            twine: [`/pub/patient/${twine}`, 'PATCH', (text) => text],
            fhir: [`/fhir/Patient/${canonical}`, 'PUT', (text) => text],
            'patient-graph': [`/v1/patients/${canonical}`, 'PATCH', (text) => printed(Object.fromEntries(Object.entries(lossless(text)).filter(([member, value]) => value !== null && !READ_ONLY.includes(member))))],
        };
        return Object.fromEntries(Object.entries(ways).map(([dialect, [path, method, body]]) => [dialect, {
            async read() {
                const got = await call(dialect, 'GET', path);
                assert.equal(got.status, 200, got.text);
                return got.text;
            },
            async echo(text) {
                const got = await call(dialect, method, path, body(text));
                assert.equal(got.status, 200, `${dialect} does not take back what it showed: ${got.text}\n${text}`);
            },
        }]));
    }
    async function canonicalOf(last_name) {
        for (let offset = 0; ; offset += 200) {
            const { patients } = (await call('patient-graph', 'GET', `/v1/patients?brand_id=acme&limit=200&offset=${offset}`)).json, found = patients.find((one) => one.last_name === last_name);
            if (found || !patients.length) return found.id;
        }
    }
    async function twineOf(last_name) {
        for (let page = 1; ; page++) {
            const { data } = (await call('twine', 'GET', `/pub/patient?filter[organization]=${world.ids.twine.brand}&page[size]=50&page[number]=${page}`)).json;
            const found = data.find((one) => one.attributes.last_name === last_name);
            if (found || !data.length) return found.id;
        }
    }
    const settled = (text) => JSON.stringify(lossless(text), (name, value) => (ALWAYS_NEW.includes(name) && name !== 'meta' ? undefined : name === 'meta' && value?.req_id ? undefined : value));

    /** Every dialect writes back what it reads of that patient, in any order: it stays as it is in all. */
    async function staysEverywhere(o, text, names) {
        const shows = await everywhere(names), order = Object.keys(shows).sort(() => (random.chance(2) ? 1 : -1));
        const snapshot = async () => { const texts = {}; for (const name of Object.keys(shows)) texts[name] = settled(await shows[name].read()); return texts; };
        const before = await snapshot();
        for (const name of order) {
            await shows[name].echo(await shows[name].read());
            const now = await snapshot();
            for (const other of Object.keys(now)) if (now[other] !== before[other]) note(o, text, [`${name} wrote back what it read, and ${other} shows\n  ${printed(JSON.parse(now[other]))} instead of\n  ${printed(JSON.parse(before[other]))}`]);
            if (faults.length) return;
        }
    }
    const namesOf = (shown) => (shown.resourceType ? { last_name: (shown.name.find(({ use }) => use === 'official') ?? shown.name[0]).family } : shown.attributes ?? shown);

    for (const dialect of ['general', 'twine', 'patient-graph', 'fhir'])
        test(`${dialect}: what it made and changed stays when every dialect writes back what it reads`, async () => {
            const creates = operations(dialect).find(({ operationId }) => operationId === 'createPatient'), o = operations(dialect).find(({ operationId }) => operationId === 'updatePatient');
            for (let i = 0; i < COUNT && !faults.length; i++) {
                const one = await create(creates);
                if (!one) continue;
                const path = fill(o, dialect, printed(one.id).replaceAll('"', ''));
                if (dialect !== 'fhir' && random.chance(2)) await call(dialect, o.method, path, document(o, true).text);
                const { text } = await call(dialect, 'GET', path);
                await staysEverywhere(o, text, namesOf(own(JSON.parse(text), dialect)));
            }
            tell();
        });

    /** As many as are taken at once: those that are refused are left out, and the others sent again. */
    async function createMany(o) {
        let all = Array.from({ length: 6 }, () => document(o, false)).map(({ text, want }) => ({ text: printed(lossless(text).data), want }));
        for (;;) {
            const text = `{"data":[${all.map((one) => one.text).join(',')}]}`, got = await call(o.dialect, o.method, fill(o, o.dialect), text);
            assert.ok(got.status < 500, got.text);
            if (got.status < 300) return { all, text, made: lossless(got.text).data };
            const wrong = new Set(got.json.errors.map(({ source }) => Number(/^\/data\/(\d+)/.exec(source.pointer)[1])));
            assert.ok(wrong.size && !got.json.meta.stored, got.text);
            all = all.filter((_, i) => !wrong.has(i));
            if (!all.length) return { all, text, made: [] };
        }
    }

    test('twine: what is created many at once is read as it was sent', async () => {
        const bulk = operations('twine').filter(({ operationId }) => ['createPatient', 'createPatientHealthMetric', 'createRewardEarning'].includes(operationId));
        let count = 0;
        assert.equal(bulk.length, 3);
        for (const o of bulk)
            for (let i = 0; i < COUNT; i++) {
                const { all, text, made } = await createMany(o);
                assert.equal(made.length, all.length, text);
                count += made.length;
                for (const [k, { want }] of all.entries()) {
                    const shown = await read(o, { data: made[k] }, want);
                    note(o, text, [...missing(made[k], want, `answer ${k}`), ...missing(shown, want, `read ${k}`)]);
                    if (k === 0 && o.operationId === 'createPatient' && !faults.length) await staysEverywhere(o, text, namesOf(shown));
                }
            }
        assert.ok(count > COUNT * 3, `${count} were made`);
        tell();
    });

    test('twine: what an upsert creates or changes is read as it was sent', async () => {
        const [creates, updates] = ['createPatient', 'updatePatient'].map((name) => operations('twine').find(({ operationId }) => operationId === name));
        const without = (attributes = {}) => Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== 'identifiers'));
        let count = 0;
        for (let i = 0; i < COUNT; i++) {
            const meta = { query: { identifier: { system: 'upsert', value: `u ${seed} ${++made} ü` }, groups: [world.ids.twine.group] } };
            for (const [o, update] of [[creates, false], [updates, true], [updates, true]]) {
                const { text, want } = document(o, update), data = lossless(text).data;
                if (!data || !want || typeof data.attributes !== 'object' || data.attributes === null || typeof want.attributes !== 'object') continue;
                const sent = printed({ meta, data: { ...data, attributes: without(data.attributes) } }), got = await call('twine', 'PUT', '/pub/patient', sent);
                assert.ok(got.status < 500, got.text);
                if (got.status >= 300) continue;
                count++;
                const shown = await read(creates, lossless(got.text), want), wanted = { ...want, attributes: without(want.attributes) };
                note(o, sent, [...missing(byValue(lossless(got.text).data), byValue(wanted), 'answer'), ...missing(byValue(shown), byValue(wanted), 'read')]);
                assert.ok(shown.attributes.identifiers.some(({ system, value }) => system === 'upsert' && value === meta.query.identifier.value), printed(shown));
                if (!faults.length) await staysEverywhere(o, sent, namesOf(shown));
            }
        }
        assert.ok(count > COUNT / 2, `${count} were taken`);
        tell();
    });
});
