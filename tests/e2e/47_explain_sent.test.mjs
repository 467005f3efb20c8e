// What `dragoman explain` says is what the gateway does: for each operation of each dialect, with documents made from its schema
// and the mappings' own examples, the calls and the canonical body are those that a recording backend gets; where explain
// finds a fault the gateway refuses; and no value of the request is in what it prints.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeDialect, fill, make, query } from './bodies.mjs';
import { binary, root, sanitized, transport } from './harness.mjs';
import { encode, ids, known, send, startRecorded, tokenOf } from './recorder.mjs';

const { HEX, BRAND, spelled } = ids;
let recorder, gateway, tokens;
before(async () => ({ recorder, gateway, tokens } = await startRecorded()));
after(async () => {
    await gateway.stop();
    await recorder.stop();
});

function explain(operation, target, body, ...more) {
    const carrier = operation.dialect === 'general' ? `X-User-Token: ${tokens.general}` : `Authorization: Bearer ${tokenOf(tokens, operation)}`;
    const file = join(gateway.stateDir, 'body.json');
    if (body !== undefined) writeFileSync(file, body);
    return spawnSync(binary, ['explain', operation.method, target, '-H', carrier, ...(body === undefined ? [] : ['-d', `@${file}`, '-H', `Content-Type: ${Object.keys(operation.requestBody.content)[0]}`]), ...more,
        '-c', gateway.config, ...gateway.settings()], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
}

const pattern = (target) => new RegExp(`^${target.split('?')[0].replace(/[.]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`);
const made = (calls, { method, path }) => calls.some((call) => call.method === method && pattern(call.target).test(path));

/** Ids that explain leaves open, what is taken from another entity that may lack it, and times that pass between the two. */
function settle(found, real) {
    if (typeof found === 'string' && (/^<.*, unresolved>$/.test(found) || (/^\d{4}-.*Z$/.test(found) && /^\d{4}-.*Z$/.test(real) && Math.abs(Date.parse(found) - Date.parse(real)) < 60000))) return real;
    if (typeof found !== 'object' || found === null || typeof real !== 'object' || real === null) return found;
    if (Array.isArray(found)) return found.map((item, i) => settle(item, real[i]));
    return Object.fromEntries(Object.entries(found).filter(([name, value]) => name in real || !/^<.*, unresolved>$/.test(value)).map(([name, value]) => [name, settle(value, real[name])]));
}

async function compare(operation, target, body) {
    const done = explain(operation, target, body, '--json', '--values'), what = `${operation.method} ${target} ${body ?? ''}`;
    const got = await send(gateway, recorder, tokens, operation, target, body);
    if (done.status === 1) return assert.ok(got.status >= 400, `${what}: explain says ${done.stderr}, the gateway ${got.status}`);
    assert.equal(done.status, 0, `${what}: ${done.stderr}`);
    const found = JSON.parse(done.stdout);
    assert.equal(found.operation, operation.operationId.replace(/_(patch|put)$|ByForm$/, ''), what);
    if (found.faults.length) {
        assert.ok(got.status >= 400, `${what}: explain finds ${JSON.stringify(found.faults)}, the gateway answers ${got.status}`);
        return 'refused';
    }
    const nobody = got.status === 404 || /does not exist/.test(got.text); // explain resolves no ids
    assert.ok(got.status < 400 || recorder.asked.length || nobody, `${what}: explain finds no fault, the gateway answers ${got.status} ${got.text}`);
    for (const call of recorder.asked)
        assert.ok(made(found.calls, call), `${what}: the gateway asks ${call.method} ${call.path}, explain names ${JSON.stringify(found.calls)}`);
    if (got.status >= 400) return 'odd';
    for (const call of recorder.asked.filter(({ method }) => method !== 'GET')) {
        const said = found.calls.find((one) => made([one], call)).target, told = (name) => call.marks.includes(name);
        for (const name of ['unique', 'strict_merge']) assert.equal(said.includes(`${name}=true`), told(name), `${what}: ${name}: explain names ${said}`);
        assert.ok(said.includes('touch=true') || !told('touch'), `${what}: touch: explain names ${said}`); // what is kept already moves nothing
    }
    const sure = found.calls.filter((call) => !call.when);
    for (const call of sure)
        assert.ok(recorder.asked.some((asked) => made([call], asked)), `${what}: explain names ${call.method} ${call.target}, the gateway asks ${JSON.stringify(recorder.asked.map((a) => `${a.method} ${a.path}`))}`);
    const sent = recorder.asked.filter((asked) => asked.body && sure.some((call) => call.method !== 'GET' && made([call], asked)));
    if (!sent.length || found.sent === undefined) return 'asked';
    const real = JSON.parse(sent[0].body), said = settle(found.sent, real);
    assert.deepEqual(said, real, what);
    return 'sent';
}

const elsewhere = transport === 'curl' && 'nothing of it is about the transport';
const hows = sanitized ? ['example'] : ['example', 'whole', 'least'];
// Of each dialect, at least so many bodies that were sent as explained, and at most so many answers that ids decide.
const least = { twine: 35, general: 9, fhir: 3, 'patient-graph': 45 }, mostOdd = 6;

describe('what is explained is done', { skip: elsewhere }, () => {
    for (const dialect of Object.keys(spelled))
        test(dialect, async () => {
            recorder.own.id = `c-${dialect}`;
            const counts = { sent: 0, asked: 0, refused: 0 }, odd = [];
            const operations = describeDialect(dialect).operations.sort((a, b) => (a.method === 'DELETE') - (b.method === 'DELETE')); // erased is erased
            for (const operation of operations) {
                const id = operation.template.startsWith('/organization') ? BRAND : spelled[dialect];
                const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
                const asked = query(operation, 'least', id);
                for (const how of schema ? hows : ['whole']) {
                    const body = known(encode(operation, schema && make(operation.api, schema, how, id)));
                    const result = await compare(operation, fill(operation, id) + (asked && `?${asked}`), body);
                    if (result === 'odd') odd.push(`${operation.operationId} ${how}`);
                    else counts[result]++;
                }
            }
            assert.ok(counts.sent >= (sanitized ? least[dialect] / 4 : least[dialect]), JSON.stringify(counts));
            assert.ok(odd.length <= mostOdd, odd.join('\n'));
        });
});

/** Every text in it is the secret, and so is every value that was something else. */
function hide(value) {
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hide(inner)]));
    return 'Qsecret';
}

test('no value is in what is printed, whatever is wrong with the request', { skip: elsewhere }, () => {
    const printed = (operation, target, body, ...more) => {
        const done = explain(operation, target, body, ...more);
        assert.ok(done.status === 0 || done.status === 1, `${target} ${done.status} ${done.stderr}`);
        assert.doesNotMatch(done.stdout + done.stderr, /Qsecret/, `${operation.method} ${target} ${body ?? ''}`);
        return done.stdout;
    };
    for (const dialect of Object.keys(spelled)) {
        const { operations } = describeDialect(dialect);
        for (const [index, operation] of operations.entries()) {
            if (sanitized && index % 4) continue;
            const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
            const document = schema && make(operation.api, schema, 'whole', spelled[dialect]);
            const wrong = query(operation, 'whole', 'Qsecret').replace(/=[^&]*/g, '=Qsecret');
            printed(operation, `${fill(operation, 'Qsecret')}${wrong && `?${wrong}`}`, encode(operation, hide(document)), ...(index % 2 ? ['--json'] : []));
            if (schema) printed(operation, fill(operation, 'Qsecret'), encode(operation, document).replaceAll(/\bword\b/g, 'Qsecret'), ...(index % 2 ? [] : ['--json']));
        }
    }
    const [create] = describeDialect('general').operations.filter(({ operationId }) => operationId === 'createPatient');
    for (const body of ['Qsecret', '{"patient":Qsecret}', '{"patient":"Qsecret"}', '{"patient":{"first_name":"Qsecret","first_name":"Qsecret"}}', '{"patient":["Qsecret"]}', '["Qsecret"]', '"Qsecret', '{"patient":{"first_name":"Qsecret\\u12"}}'])
        printed(create, '/v1/patients', body);
    printed(create, '/v1/patients?search=%FFQsecret', '{}');
    printed(describeDialect('fhir').operations.find(({ operationId }) => operationId === 'searchPatientsByForm'), '/fhir/Patient/_search', '{"name":"Qsecret"}');
    printed(create, '/v1/patients', '{}', '-H', 'Accept: Qsecret/x', '-H', 'Content-Type: Qsecret', '-H', 'Host: Qsecret', '-H', 'X-Any: Qsecret');
    printed(create, '/v1/patients', '{}', '-H', 'X-User-Token: Qsecret', '-H', 'Authorization: Bearer Qsecret');
    const answer = JSON.stringify({ patients: [{ id: 'Qsecret', first_name: 'Qsecret', status: 'Qsecret', metadata: { x: 'Qsecret' } }] });
    printed({ ...create, method: 'GET' }, '/v1/patients', answer, '--response', '200');
    printed({ ...create, method: 'GET' }, '/v1/patients', '{"patients":"Qsecret"}', '--response', '200');
});
