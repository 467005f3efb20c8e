// Every documented example, sent and answered as it is documented: examples/*.mjs hold the cases, this file runs them. Where an
// example says what the gateway does not, the case names the place and why (docs/decisions.md), and that it differs is checked, too.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backendCall } from './backend_kit.mjs';
import * as general from './examples/general.mjs';
import * as twine from './examples/twine.mjs';
import { clients, person, request, sleep, startGateway } from './harness.mjs';
import { checkJsonApi, checkShape, moment } from './shapes.mjs';

const specification = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@datafire/twinehealth/openapi.json'), 'utf8'));
const { definitions, paths } = specification;
const BRAND = 'Health Activation Partners'; // a brand that nobody announced has its id as its name

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const forms = {
    req_id: (value) => assert.match(value, UUID), access_token: (value) => assert.match(value, /\S{20}/), refresh_token: (value) => assert.match(value, /\S{20}/),
    expires_in: (value) => assert.ok(Number.isInteger(value)), created_at: (value) => assert.match(value, moment), updated_at: (value) => assert.match(value, moment),
};
const unshown = { created_by: () => true, updated_by: () => true, twine_web_app: () => true, included: (value) => !value.length };

const isObject = (value) => typeof value === 'object' && value !== null;
const same = (a, b) => { try { assert.deepStrictEqual(a, b); return true; } catch { return false; } };

/** `got` says what `wanted` does, but for `differs`; and nothing else, but for `adds`. Paths that were met are crossed out of both. */
function compare(wanted, got, path, differs, adds) {
    if (differs.has(path)) {
        assert.ok(!same(got, wanted), `${path} does not differ any more`);
        return differs.delete(path);
    }
    if (!isObject(wanted) || !isObject(got)) return assert.deepStrictEqual(got, wanted, path);
    const at = (name) => (path ? `${path}.${name}` : name);
    for (const name of Object.keys(wanted)) {
        if (!(name in got) && name in unshown && unshown[name](wanted[name])) continue;
        if (name in forms && !(isObject(wanted[name])) && name in got) forms[name](got[name]);
        else compare(wanted[name], got[name], at(name), differs, adds);
    }
    for (const name of Object.keys(got).filter((one) => !(one in wanted))) assert.ok(adds.delete(at(name)), `${at(name)} is not in the example`);
}

describe("Twine's examples", () => {
    let gateway, tokens, client;
    const canonical = new Map(), real = new Map();
    const known = (text) => [...real].reduce((now, [documented, id]) => now.replaceAll(documented, id), text);
    const resolve = (text) => text.replaceAll('$brand', BRAND).replace(/\$(\w+):(\w+)/g, (whole, kind, id) => canonical.get(`${kind}:${id}`) ?? assert.fail(`${whole} is not there`));
    const backend = (method, path, body) => backendCall(gateway, method, path, body, { brand: BRAND });

    const told = async (status, answer) => {
        const got = await answer;
        assert.equal(got.status, status, got.text);
        return got.json;
    };

    async function ask(as, line, body, type = 'application/vnd.api+json') {
        const [method, path] = line.split(' ');
        const headers = { ...as && { authorization: `Bearer ${tokens[as]}` }, ...body && { 'content-type': type, 'content-length': Buffer.byteLength(body) } };
        const got = await request(gateway.port, method, `/pub${path}`, { headers, body, agent: gateway.agent });
        if (/question/.test(path)) checkJsonApi(got.json); // their ids are the vendor's own small numbers, or they have no attributes
        else checkShape('twine', got);
        return got;
    }
    const posts = async (path, data) => (await ask('whole', `POST ${path}`, JSON.stringify({ data }))).json.data;

    const prepare = {
        async patients() {
            const { data } = definitions.FetchPatientsResponse.example;
            const groups = { data: [{ type: 'group', id: twine.GROUP }] };
            for (const { id, attributes: { statement, ...attributes }, relationships: { coaches } } of data)
                real.set(id, (await posts('/patient', { type: 'patient', attributes, relationships: { groups, coaches } })).id);
            await posts('/patient', Array.from({ length: twine.others }, (_, i) => ({ type: 'patient', attributes: { first_name: 'One', last_name: `of ${i}` }, relationships: { groups } })));
        },
        async event() {
            const { attributes: { attendees, completed_at, completed_by, start_at } } = definitions.CalendarEventResource.example;
            const id = real.get(twine.EVENT);
            await ask('whole', `PATCH /calendar_event/${id}`, JSON.stringify({ data: { type: 'calendar_event', id, attributes: { attendees, completed_at, completed_by, start_at } } }));
        },
        async call() {
            const attributes = { type: 'telephone-call', title: 'x', start_at: '2018-02-19T14:00:00Z', attendees: [] };
            real.set(twine.CALL, (await posts('/calendar_event', { type: 'calendar_event', attributes, relationships: { owner: { data: { type: 'patient', id: twine.OWNER } } } })).id);
        },
    };

    before(async () => {
        gateway = await startGateway();
        const rows = [`twine,brand,${BRAND},${twine.ORGANIZATION},${BRAND}`];
        for (const [kind, id, path, body, more = () => ({})] of twine.there) {
            const { id: own } = await backend('POST', resolve(path), JSON.parse(resolve(JSON.stringify({ ...more(definitions), ...body }))));
            canonical.set(`${kind}:${id}`, own);
            rows.push(`twine,${kind},${BRAND},${id},${own}`);
        }
        const csv = join(gateway.stateDir, 'examples.csv');
        writeFileSync(csv, ['dialect,kind,brand,dialect_id,canonical_id', ...rows, ''].join('\n'));
        gateway.cli('crosswalk', 'import', csv);
        client = JSON.parse(gateway.cli('client', 'add', '--name', 'examples', '--brand', BRAND, '--group', canonical.get(`group:${twine.GROUP}`)));
        gateway.secrets.add(client.client_secret);
        await sleep(1100); // a record added by another process is seen within one second
        tokens = { whole: gateway.token('twine', { brand: BRAND }), narrow: gateway.token('twine', { brand: BRAND, scope: 'read:acknowledgements' }) };
    });
    after(() => gateway.stop());

    /** The one 2xx that the specification has for an operation. */
    function documentedStatus(line) {
        const [method, path] = line.replace(/\?.*/, '').split(' ');
        const template = Object.keys(paths).find((one) => new RegExp(`^${one.replace(/\{\w+\}/g, '[^/]+')}$`).test(path));
        return Number(Object.keys(paths[template][method.toLowerCase()].responses).find((status) => status < 300));
    }

    function body({ sends, swaps = [] }) {
        if (!sends) return undefined;
        const { example } = definitions[sends];
        const credentials = swaps === 'client' && example.data.attributes;
        const pairs = credentials ? [[credentials.client_id, client.client_id], [credentials.client_secret, client.client_secret]] : swaps;
        return pairs.reduce((text, [from, to]) => text.replace(from, to), known(JSON.stringify(example)));
    }

    for (const one of twine.cases)
        test(`${one.says}: ${one.request}`, async () => {
            await prepare[one.prepare]?.();
            const sent = body(one);
            const got = await ask(one.as === undefined ? 'whole' : one.as, known(one.request), sent);
            assert.equal(got.status, one.status ?? documentedStatus(one.request), got.text);
            const { data } = got.json;
            if (one.id) real.set(one.id, data.id);
            if (data?.attributes?.access_token) {
                tokens.answered = data.attributes.access_token;
                for (const name of ['access_token', 'refresh_token']) gateway.secrets.add(data.attributes[name]);
            }
            if (!one.answers) return;
            const example = JSON.parse(known(JSON.stringify(definitions[one.answers].example)));
            const differs = new Set(Object.keys(one.differs ?? {})), adds = new Set(one.adds ?? []);
            const whole = example.data && one.part ? example.data : example;
            compare(whole, one.part ? got.json[one.part] : got.json, '', differs, adds);
            assert.deepEqual([...differs, ...adds], [], 'named, and not met');
        });

    // Each operation's documented refusals, by what the specification itself lists.
    for (const [template, methods] of Object.entries(paths))
        for (const [method, { operationId, responses }] of Object.entries(methods))
            test(`${operationId}: ${Object.keys(responses).filter((status) => status >= 400).join(', ')}`, async () => {
                const token = operationId === 'createToken', write = /^p/.test(method);
                const line = `${method.toUpperCase()} ${template.replace(/\{\w+\}/, '000000000000000000000000')}`;
                const nonsense = write ? JSON.stringify({ data: { type: 'nonsense', attributes: {} } }) : undefined;
                const refused = { ...definitions.CreateTokenRequest.example.data, attributes: { ...definitions.CreateTokenRequest.example.data.attributes } };
                const expected = { 401: 'Unauthorized', 403: 'Forbidden' };
                if (responses[401]) {
                    const [{ code }] = (await told(401, token ? ask(null, line, JSON.stringify({ data: refused })) : ask(null, line, nonsense))).errors;
                    assert.equal(code, token ? 'InvalidCredentials' : expected[401]);
                }
                if (responses[403]) assert.equal((await told(403, token ? ask(null, line, 'grant_type=x', 'text/plain') : ask('narrow', line, nonsense))).errors[0].code, expected[403]);
                if (responses[409]) assert.match((await told(409, ask(token ? null : 'whole', write ? line : `${line}?sort=nonsense`, nonsense))).errors[0].code, /^Invalid(Body)?Parameter$/);
            });

    test('every example of the specification has a case', () => {
        const used = new Set(twine.cases.flatMap(({ sends, answers }) => [sends, answers]));
        assert.deepEqual(Object.keys(definitions).filter((name) => definitions[name].example && !used.has(name)), []);
    });
});

describe("General's examples", () => {
    let gateway, all, as;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
        const { json: { pagination: { total_count } } } = await all.general.get('/v1/patients');
        await Promise.all(Array.from({ length: 200 - total_count }, () => all.general.post('/v1/patients', { patient: person() })));
        const { patients } = (await all.graph.get('/v1/patients?brand_id=acme&limit=2')).json;
        const [{ id }, other] = patients;
        as = { user: all.general, bound: gateway.client('general', { patient: other.id }), none: gateway.client('general', { token: 'none' }), documented: id };
    });
    after(() => gateway.stop());

    const prepare = (gauge_type) => all.general.post('/v1/patients/1049/gauges', { gauge: { gauge_type, value: 7, recorded_at: '2022-10-29T14:30:00Z', notes: 'Feeling better today' } });

    for (const one of general.cases)
        test(`${one.says}: ${one.request}`, async () => {
            if (one.prepare) await prepare(one.prepare);
            const [method, path] = one.request.split(' ');
            const client = one.as === null ? as.none : as[one.as ?? 'user'];
            // The page's examples have the content type on every request, those without a body included.
            const { json } = await client.call(method, path, { body: one.sends, status: one.status ?? 200, headers: { 'content-type': 'application/json' } });
            const differs = new Set(Object.keys(one.differs ?? {})), adds = new Set(one.adds ?? []);
            compare(one.answers, one.part ? json[one.part] : json, '', differs, adds);
            assert.deepEqual([...differs, ...adds], [], 'named, and not met');
        });
});
