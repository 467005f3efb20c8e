// Issue 4: every documented operation of patient-graph. For each at least one good and three bad requests; every answer of success
// is judged by the documented schema (documents/patient-graph-operations.json).
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import Ajv from 'ajv';
import { document, request, startGateway } from './harness.mjs';
import { answers, embedded, passed } from './patient_graph_cases.mjs';

const documented = JSON.parse(document('patient-graph-operations.json'));
const ajv = new Ajv({ strict: false, formats: {
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    date: /^\d{4}-\d\d-\d\d$/,
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
} });
const schemas = Object.fromEntries(Object.entries(documented.operations).map(([name, { answer }]) =>
    [name, ajv.compile({ $defs: documented.$defs, ...answer })]));
const isError = ajv.compile({ ...documented.$defs.Err, additionalProperties: false });

const MISSING = '00000000-0000-4000-8000-000000000000';
const PROTOCOL = '33333333-3333-4333-8333-333333333333';
const clone = (value) => JSON.parse(JSON.stringify(value));

/** "{id}" in paths, and "<id>" in bodies, stand for what `known` has. */
function fill(value, known) {
    return typeof value === 'string' ? value.replace(/[{<](\w+)[}>]/g, (all, name) => known[name] ?? all) : value;
}
const filled = (body, known) => (body === undefined ? undefined : JSON.parse(fill(JSON.stringify(body), known)));

async function send(gateway, token, call, body, headers = {}) {
    const [method, path] = call.split(' ');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return request(gateway.port, method, path, { agent: gateway.agent, body: text, headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
    } });
}

const told = (call, body, got) => `${call}\n> ${JSON.stringify(body ?? '').slice(0, 600)}\n< ${got.status} ${got.text.slice(0, 900)}`;

function isGood(name, call, body, got) {
    assert.equal(got.status, documented.operations[name].status, told(call, body, got));
    assert.ok(schemas[name](got.json), `${ajv.errorsText(schemas[name].errors)}: ${told(call, body, got)}`);
}

function isBad(status, call, body, got, word) {
    assert.equal(got.status, status, told(call, body, got));
    assert.ok(isError(got.json), told(call, body, got));
    const codes = { 400: ['validation_error'], 401: ['unauthenticated'], 403: ['forbidden', 'insufficient_scope'], 404: ['not_found'], 409: ['conflict'] };
    if (codes[status]) assert.ok(codes[status].includes(got.json.error), told(call, body, got));
    if (word) assert.ok(got.json.message.includes(word), `${word} is named: ${told(call, body, got)}`);
}

/** A body with one member changed (undefined: left out), in its only element where the body is an array. */
function changed(body, path, value) {
    const made = clone(body);
    const parts = path.split('.');
    const last = parts.pop();
    let at = Array.isArray(made) ? made[0] : made;
    for (const part of parts) at = at[part];
    if (value === undefined) delete at[last];
    else at[last] = value;
    return made;
}

/** All bad requests of one operation, as [title, call, token, body, status, what the message names]. */
function badRequests(one, known, tokens) {
    const [method, pattern] = one.operation.split(' ');
    const call = fill(one.call ?? one.operation, known);
    const body = filled(one.body, known);
    const token = tokens[one.as ?? 'staff'];
    const list = [
        ['no credential', call, undefined, body, 401],
        ['no scope', call, tokens.nobody, body, 403],
    ];
    if (one.as === 'me') {
        list.push(['a token of no patient', call, tokens.staff, body, 403]);
        list.push(['a token of two patients', call, tokens.two, body, 403]);
    }
    for (const name of ['id', 'patient_id'])
        if (pattern.includes(`{${name}}`) && one.missing !== false) {
            const other = fill(one.call ?? one.operation, { ...known, [name]: MISSING });
            list.push([`${name}: nobody`, other, token, body, 404]);
            if (pattern.includes('/patients/')) {
                list.push([`${name}: another brand's`, fill(one.call ?? one.operation, { ...known, [name]: known.foreign }), token, body, 404]);
                list.push([`${name}: not the principal's`, fill(one.call ?? one.operation, { ...known, [name]: known.other }), tokens.me, body, 403]);
            }
        }
    for (const [bad, status] of one.calls ?? [])
        list.push([bad, fill(bad, known), token, body, status]);
    for (const [query, status = 400] of one.queries ?? [])
        list.push([`?${query}`, `${fill(one.operation, known)}?${fill(query, known)}`, token, body, status]);
    for (const [path, value, status = 400] of one.members ?? [])
        list.push([`${path}: ${value === undefined ? 'absent' : JSON.stringify(value)?.slice(0, 40)}`, call, token,
            changed(body, path, typeof value === 'string' ? fill(value, known) : value), status, status === 400 ? path.split('.')[0] : undefined]);
    if (body !== undefined) {
        list.push(['no JSON', call, token, '{', 400]);
        list.push(['the body of the documented example, as it is printed', call, token, '{ ... }', 400]);
        if (!one.bare) list.push(['no body', call, token, '', 400]);
        list.push(['another kind of document', call, token, Array.isArray(body) ? {} : [], 400]);
        list.push(['a name twice', call, token, Array.isArray(body) ? '[{"a":1,"a":2}]' : '{"a":1,"a":2}', 400]);
    }
    assert.ok(list.length >= 3, `${method} ${pattern}: three bad requests`);
    return list;
}

/** Canonical ids of two patients of acme and one of globex, and what belongs to the first. */
async function people(gateway) {
    const staff = gateway.token('patient-graph', { scope: 'admin:*' });
    const abroad = gateway.token('patient-graph', { scope: 'admin:*', brand: 'globex' });
    const make = async (token, brand_id, first_name) => (await send(gateway, token, 'POST /v1/patients', { brand_id, first_name, last_name: 'Case' })).json.id;
    const known = { patient: await make(staff, 'acme', 'Ann'), other: await make(staff, 'acme', 'Ben'), foreign: await make(abroad, 'globex', 'Cid') };
    known.id = known.patient_id = known.patient;
    return { known, staff };
}

describe('patient-graph, on the embedded backend', () => {
    let gateway, known, tokens;

    before(async () => {
        gateway = await startGateway();
        const made = await people(gateway);
        known = made.known;
        tokens = {
            staff: made.staff,
            me: gateway.token('patient-graph', { patient: known.patient }),
            two: gateway.token('patient-graph', { patient: [known.patient, known.other] }),
            nobody: gateway.token('patient-graph', { scope: 'read:rewards' }),
        };
        const provider = await send(gateway, made.staff, 'POST /v1/providers', { brand_id: 'acme', name: 'Dr. Ito' });
        known.provider = provider.json.id;
        const medication = await send(gateway, made.staff, `POST /v1/patients/${known.patient}/medications`,
            { brand_id: 'acme', name: 'Aspirin', dosage: '100 mg', frequency: 'daily' });
        known.medication = medication.json.id;
    });
    after(() => gateway.stop());

    test('every documented operation has its cases', () => {
        assert.deepEqual([...embedded, ...passed].map((one) => one.operation).sort(), Object.keys(documented.operations).sort());
    });

    for (const one of embedded) {
        test(one.operation, async (t) => {
            const own = { ...known, ...(one.id ? { id: known[one.id] } : {}) };
            for (const good of one.good ?? [{}]) {
                const call = fill(good.call ?? one.call ?? one.operation, own);
                const body = filled(good.body ?? one.body, own);
                await t.test(`good: ${call}`, async () => {
                    const got = await send(gateway, tokens[good.as ?? one.as ?? 'staff'], call, body);
                    isGood(one.operation, call, body, got);
                    good.check?.(got.json, own);
                });
            }
            for (const [title, call, token, body, status, word] of badRequests(one, own, tokens))
                await t.test(`bad: ${title}`, async () => isBad(status, call, body, await send(gateway, token, call, body), word));
        });
    }

    test('what the embedded backend does not have is 501 in the shape of the dialect', async () => {
        for (const one of passed) {
            const own = { ...known, protocol: PROTOCOL, protocol_id: PROTOCOL, ...(one.id ? { id: PROTOCOL } : {}) };
            const call = fill(one.call ?? one.operation, own);
            const body = filled(one.body, own);
            const got = await send(gateway, tokens[one.as ?? 'staff'], call, body);
            isBad(501, call, body, got);
            assert.equal(got.json.error, 'not_implemented', told(call, body, got));
        }
    });

    test('the address of an acknowledgement is the client\'s own, whatever it says', async () => {
        const body = { full_name: 'Ann Case', ip_address: '203.0.113.9', source: 'web', statement_version: 'v7' };
        const { json } = await send(gateway, tokens.me, 'POST /v1/researcher-acknowledgements', body);
        assert.equal(json.ip_address, '127.0.0.1');
        const read = (await send(gateway, tokens.me, 'GET /v1/researcher-acknowledgements/me?statement_version=v7')).json;
        assert.deepEqual(read, { acknowledged: true, statement_version: 'v7', acknowledgement: json });
    });

    test('unknown members come back', async () => {
        const extra = { x_extra: { deep: [1.50, '\u00e9'] } };
        const calls = [
            ['POST /v1/patients/me/journal', { entry_date: '2022-02-02', mood: 1, energy: 1 }, 'GET /v1/patients/me/journal?from=2022-02-02&to=2022-02-02', (j) => j.entries[0]],
            ['POST /v1/patients/me/onboarding', { goals: ['rest'] }, 'GET /v1/patients/me/onboarding', (j) => j],
            ['POST /v1/researcher-acknowledgements', { full_name: 'Ann Case', ip_address: 'x', source: 'web', statement_version: 'v8' },
                'GET /v1/researcher-acknowledgements/me?statement_version=v8', (j) => j.acknowledgement],
            [`POST /v1/patients/${known.patient}/medications`, { brand_id: 'acme', name: 'X', dosage: '1', frequency: 'once' }, `GET /v1/patients/${known.patient}/medications`, (j) => j.medications.at(-1)],
        ];
        for (const [write, body, read, pick] of calls) {
            const made = await send(gateway, tokens.me, write, { ...body, ...extra });
            assert.deepEqual(made.json.x_extra, extra.x_extra, told(write, body, made));
            const again = await send(gateway, tokens.me, read);
            assert.deepEqual(pick(again.json).x_extra, extra.x_extra, told(read, undefined, again));
        }
    });

    test('a member that only the answer has is read-only, and nothing that is sent is kept unseen', async () => {
        const shown = (await send(gateway, tokens.me, 'POST /v1/patients/me/age-verification', { date_of_birth: '1990-01-01', x_extra: 1 })).json;
        assert.equal(shown.x_extra, 1);
        await send(gateway, tokens.me, 'POST /v1/patients/me/age-verification', { date_of_birth: '1990-01-01', brand_id: 'acme' });
        for (const [call, body] of [
            ['POST /v1/patients/me/age-verification', { date_of_birth: '1990-01-01' }],
            ['POST /v1/patients/me/ruo-acknowledgement', {}],
        ])
            for (const name of Object.keys(shown).filter((n) => n !== 'x_extra' && n !== 'brand_id' && !(n in body))) {
                const got = await send(gateway, tokens.me, call, { ...body, [name]: shown[name] });
                isBad(400, call, body, got);
                assert.ok(got.json.message.includes(name), told(call, body, got));
            }
    });

    test('a body of which nothing is required may be left out, and no other', async () => {
        const { status, json } = await request(gateway.port, 'POST', '/v1/patients/me/ruo-acknowledgement', { headers: { authorization: `Bearer ${tokens.me}` }, agent: gateway.agent });
        assert.equal(status, 200);
        assert.ok(json.ruo_pathway_acknowledged_at);
        for (const headers of [{ 'content-length': 0 }, { 'content-length': 0, 'content-type': 'application/json' }])
            assert.equal((await request(gateway.port, 'POST', '/v1/patients/me/ruo-acknowledgement', { headers: { authorization: `Bearer ${tokens.me}`, ...headers }, agent: gateway.agent })).status, 200);
        for (const [method, path] of [['POST', '/v1/patients/me/age-verification'], ['POST', '/v1/patients/me/onboarding'], ['POST', '/v1/researcher-acknowledgements'], ['POST', '/v1/patients/me/journal']])
            assert.equal((await request(gateway.port, method, path, { headers: { authorization: `Bearer ${tokens.me}` }, agent: gateway.agent })).status, 400, path);
    });

    test('what is put again is replaced, and its first time is kept', async () => {
        const first = (await send(gateway, tokens.me, 'POST /v1/patients/me/onboarding', { goals: ['a'], role: 'coach' })).json;
        assert.ok(!('x_extra' in first), 'what was kept beside the one before');
        const second = (await send(gateway, tokens.me, 'POST /v1/patients/me/onboarding', { goals: [] })).json;
        assert.deepEqual(second, { ...first, goals: [], role: 'patient' });
        const entry = { entry_date: '2021-01-01', mood: 1, energy: 2, notes: 'n', side_effects: ['s'] };
        const one = (await send(gateway, tokens.me, 'POST /v1/patients/me/journal', entry)).json;
        const two = (await send(gateway, tokens.me, 'POST /v1/patients/me/journal', { entry_date: '2021-01-01', mood: 5, energy: 5 })).json;
        assert.equal(two.id, one.id);
        assert.deepEqual([two.mood, two.notes, two.side_effects], [5, '', []]);
    });

    test('the timeline tells what happened, and erasure takes all of it', async () => {
        const events = (await send(gateway, tokens.staff, `GET /v1/patients/${known.patient}/timeline?limit=200`)).json.events.map((event) => event.event_type);
        for (const type of ['metric_recorded', 'encounter_recorded', 'medication_prescribed', 'medication_status_changed', 'provider_linked',
            'intake_submitted', 'journal_entry', 'onboarding_completed', 'age_verified', 'ruo_acknowledged', 'researcher_acknowledged'])
            assert.ok(events.includes(type), type);
        const { json } = await send(gateway, tokens.staff, `DELETE /v1/patients/${known.patient}`);
        assert.equal(json.status, 'deleted');
        for (const table of ['metrics', 'encounters', 'patient_providers', 'medications', 'timeline_events', 'journal_entries', 'onboardings',
            'intake_responses', 'researcher_acknowledgements', 'patients'])
            assert.ok(json.rows_affected[table] > 0, table);
        isBad(404, 'GET onboarding', undefined, await send(gateway, tokens.me, 'GET /v1/patients/me/onboarding'));
    });
});

describe('patient-graph, passed on to a backend', () => {
    let gateway, backend, calls, tokens;
    const known = { patient: '11111111-1111-4111-8111-111111111111', other: '22222222-2222-4222-8222-222222222222', protocol: PROTOCOL };
    Object.assign(known, { id: known.protocol, patient_id: known.patient, protocol_id: known.protocol, foreign: known.other });

    before(async () => {
        backend = http.createServer((incoming, outgoing) => {
            const chunks = [];
            incoming.on('data', (chunk) => chunks.push(chunk));
            incoming.on('end', () => {
                calls.push({ line: `${incoming.method} ${incoming.url}`, body: Buffer.concat(chunks).toString(), headers: incoming.headers });
                const one = passed.find((some) => some.operation === incoming.headers['x-test-operation']) ?? current;
                const text = JSON.stringify(filled(answers[one.operation], known));
                outgoing.writeHead(documented.operations[one.operation].status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
                outgoing.end(text);
            });
        });
        await new Promise((done) => backend.listen(0, '127.0.0.1', done));
        gateway = await startGateway({ ready: '/healthz', seed: false, set: { 'backend.url': `http://127.0.0.1:${backend.address().port}` } });
        tokens = {
            staff: gateway.token('patient-graph', { scope: 'admin:*' }),
            me: gateway.token('patient-graph', { patient: known.patient }),
            two: gateway.token('patient-graph', { patient: [known.patient, known.other] }),
            nobody: gateway.token('patient-graph', { scope: 'read:rewards' }),
        };
    });
    after(async () => {
        await gateway.stop();
        await new Promise((done) => { backend.closeAllConnections?.(); backend.close(done); });
    });

    let current;
    for (const one of passed) {
        test(one.operation, async (t) => {
            current = one;
            for (const good of one.good ?? [{}]) {
                const call = fill(good.call ?? one.call ?? one.operation, known);
                const body = filled(good.body ?? one.body, known);
                const text = good.text ?? (body === undefined ? undefined : JSON.stringify(body));
                await t.test(`good: ${call}`, async () => {
                    calls = [];
                    const got = await send(gateway, tokens[one.as ?? 'staff'], call, text);
                    isGood(one.operation, call, text, got);
                    assert.deepEqual(got.json, filled(answers[one.operation], known), 'answered as the backend answers');
                    assert.equal(calls.length, 1);
                    assert.equal(calls[0].line, call);
                    assert.equal(calls[0].body, text ?? '', 'byte for byte');
                });
            }
            calls = [];
            for (const [title, call, token, body, status, word] of badRequests({ ...one, missing: false }, known, tokens))
                await t.test(`bad: ${title}`, async () => isBad(status, call, body, await send(gateway, token, call, body), word));
            assert.deepEqual(calls, [], 'nothing bad reaches the backend');
        });
    }

    test('a principal\'s other patients, and an answer about them, are refused', async () => {
        calls = [];
        for (const one of passed.filter((some) => (some.call ?? some.operation).includes('{patient_id}'))) {
            current = one;
            const call = fill(one.call ?? one.operation, { ...known, patient_id: known.other });
            isBad(403, call, one.body, await send(gateway, tokens.me, call, filled(one.body, known)));
        }
        current = { operation: 'GET /v1/adherence/streak/me' };
        const kept = answers[current.operation].patient_id;
        answers[current.operation].patient_id = known.other;
        isBad(404, 'GET streak', undefined, await send(gateway, tokens.me, 'GET /v1/adherence/streak/me'));
        answers[current.operation].patient_id = kept;
    });
});
