// `dragoman explain`: what would happen to a request, without asking anybody.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ACME, binary, document, root } from './harness.mjs';

const dir = mkdtempSync(join(tmpdir(), 'dragoman-explain-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const state = join(dir, 'state');
const settings = ['-c', join(root, 'conf/dragoman.yaml'), '--set', `state_dir=${state}`, '--set', 'backend.url=http://127.0.0.1:9'];

const run = (...args) => spawnSync(binary, [...args, ...settings], { cwd: root, encoding: 'utf8' });
function explain(...args) {
    const done = run('explain', ...args, '--json');
    assert.equal(done.status, 0, done.stderr);
    return JSON.parse(done.stdout);
}
const field = (explained, from) => explained.fields.find((f) => f.from === from);

const patient = { patient: {
    first_name: 'Zelda', last_name: 'Quux', date_of_birth: '1990-12-10', email: 'nowhere at all', age: 12,
    address: { street: '9 Side St', floor: 3 }, nickname: 'Zz',
} };

test('a body, member by member', () => {
    const found = explain('POST', '/v1/patients', '-H', 'X-User-Token: x', '-d', JSON.stringify(patient));
    assert.equal(found.facade, 'general');
    assert.equal(found.operation, 'createPatient');
    assert.deepEqual(found.scopes, ['write:patients']);
    assert.deepEqual(found.calls, [{ call: 'patient.create', method: 'POST', target: '/v1/patients' }]);
    assert.deepEqual(
        Object.fromEntries(found.fields.map((f) => [f.from, [f.to ?? null, f.class]])), {
            first_name: ['first_name', 'exact'], last_name: ['last_name', 'exact'], date_of_birth: ['date_of_birth', 'exact'],
            age: [null, 'derived'], email: ['(rest)', 'kept'], 'address/street': ['metadata.address.line', 'exact'],
        });
    assert.match(field(found, 'first_name').at, /general\/patient\.yaml:\d+$/);
    assert.deepEqual(found.kept.sort(), ['address/floor', 'email', 'nickname']);
    assert.deepEqual(found.lost.map((l) => l.at), ['age']);
    assert.deepEqual(found.faults, []);
    assert.equal(found.sent, undefined);
});

test('what stands beside the document is read by nobody', () => {
    const lost = (path, body) => explain('POST', path, '-H', 'X-User-Token: x', '-d', JSON.stringify(body)).lost.map((l) => l.at);
    assert.deepEqual(lost('/v1/patients', { utf8: 'yes', patient: { first_name: 'A' }, extra: 1 }), ['utf8', 'extra']);
    const body = (type) => ({ meta: { ignore_duplicates: true }, data: { type, attributes: {} }, jsonapi: { version: '1.0' } });
    assert.deepEqual(lost('/pub/patient', body('patient')), ['jsonapi']);
    assert.deepEqual(lost('/pub/group', body('group')), ['meta', 'jsonapi']);
});

test('what a document or a token says is nothing that a terminal obeys', () => {
    const name = 'e\u001b[31mvil\n\u0085\u202ex', body = { type: 'patient', attributes: { first_name: 'A', last_name: 'B', [name]: 1 } };
    mkdirSync(state, { recursive: true });
    // `token` issues no such scope; whoever has the key can.
    const [head, claims] = run('token', '--dialect', 'twine', '--brand', name).stdout.trim().split('.');
    const key = createPrivateKey(readFileSync(join(state, 'signing-key.pem')));
    const scoped = { ...JSON.parse(Buffer.from(claims, 'base64url')), scope: `read:x ${name}` };
    const text = `${head}.${Buffer.from(JSON.stringify(scoped)).toString('base64url')}`;
    const token = `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    const { status, stdout } = run('explain', 'POST', '/pub/patient', '-H', `Authorization: Bearer ${token}`, '-d', JSON.stringify({ data: body, [name]: 2 }));
    assert.equal(status, 0);
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const escaped = 'e\\u001b[31mvil\\u000a\\u0085\\u202ex';
    for (const line of [`  attributes/${escaped}`, `  ${escaped} (it stands beside the document)`, `brand ${escaped}; scopes read:x ${escaped}`])
        assert.ok(stdout.includes(`${line}\n`), `${line} in ${stdout}`);
    rmSync(state, { recursive: true });
});

test('values are shown only when they are asked for', () => {
    const args = ['explain', 'POST', '/v1/patients', '-H', 'X-User-Token: x', '-d', JSON.stringify(patient)];
    const values = /Zelda|Quux|1990|nowhere|Side|Zz/;
    for (const more of [[], ['--json']]) {
        const done = run(...args, ...more);
        assert.equal(done.status, 0);
        assert.doesNotMatch(done.stdout + done.stderr, values);
        assert.match(run(...args, ...more, '--values').stdout, values);
    }
    assert.deepEqual(explain(...args.slice(1), '--values').sent, {
        first_name: 'Zelda', last_name: 'Quux', date_of_birth: '1990-12-10', metadata: { address: { line: '9 Side St' } }, brand_id: 'acme',
    });
});

test('what this backend does not serve', () => {
    const calls = (completions, ...args) => explain(...args, '-H', 'X-User-Token: x', '--set', `backend.completions=${completions}`).calls;
    const gauges = ['GET', '/v1/patients/1/gauges'], groups = ['POST', '/pub/group', '-d', '{"data":{"type":"group"}}'];
    assert.equal(calls('all', ...gauges).at(-1).when, undefined);
    assert.equal(calls('[]', ...gauges).at(-1).when, 'not served by this backend: a slower plan of metric.series');
    assert.equal(calls('all', ...groups).at(-1).when, undefined);
    assert.equal(calls('[]', ...groups).at(-1).when, 'not served by this backend: 501');
});

test('an update is read first where the backend cannot judge it by itself', () => {
    const calls = (completions, patient) => explain('PUT', '/v1/patients/1', '-H', 'X-User-Token: x', '-d', JSON.stringify({ patient }),
        '--set', `backend.completions=${completions}`).calls.map((c) => c.call);
    const address = { address: { city: 'Rome' } }, weak = '[patient.read, patient.update]';
    assert.deepEqual(calls('all', address), ['patient.update']);
    assert.deepEqual(calls(weak, address), ['patient.read', 'patient.update']);
    assert.deepEqual(calls('all', { address: { city: null } }), ['patient.read', 'patient.update']);
    assert.deepEqual(calls(weak, { phone: '5' }), ['patient.update']);
});

test('what the backend is told besides the document', () => {
    const targets = (...args) => explain(...args, '-H', 'X-User-Token: x').calls.filter((c) => c.method !== 'GET').map((c) => c.target);
    const general = (patient) => targets('PUT', '/v1/patients/1', '-d', JSON.stringify({ patient }));
    const twine = (method, path, data, meta = {}) => targets(method, `/pub/${path}`, '-d', JSON.stringify({ data, meta }));
    const update = '/v1/patients/{patient_id}', groups = { groups: { data: [{ type: 'group', id: 'g' }] } }, id = '0'.repeat(24);
    assert.deepEqual(general({ phone: '5' }), [update]);
    assert.deepEqual(general({ nickname: 'Zz' }), [`${update}?touch=true`]);
    assert.deepEqual(general({ phone: '5', nickname: 'Zz', address: { city: 'Rome' } }), [`${update}?touch=true&strict_merge=true`]);
    assert.deepEqual(general({ address: { city: 'Rome' } }), [`${update}?strict_merge=true`]);
    assert.deepEqual(general({ address: { city: null } }), [update], 'it is read and compared');
    assert.match(twine('PATCH', `patient/${id}`, { attributes: { gender: 'x' }, relationships: groups })[0], /^\/v1\/patients\/\{patient_id\}\?.*touch=true/);
    assert.doesNotMatch(twine('PATCH', `patient/${id}`, { attributes: { gender: 'x' } })[0], /touch/);
    assert.doesNotMatch(twine('POST', 'patient', { attributes: { first_name: 'A', last_name: 'B', nickname: 'Zz' } })[0], /touch/, 'what is new needs none');
    const metric = { attributes: { type: 'weight', value: 7 }, relationships: { patient: { data: { type: 'patient', id } } } };
    assert.deepEqual(twine('POST', 'patient_health_metric', metric), ['/v1/patients/{patient_id}/metrics']);
    assert.deepEqual(twine('POST', 'patient_health_metric', metric, { ignore_duplicates: true }), ['/v1/patients/{patient_id}/metrics?unique=true']);
    const upsert = (attributes) => twine('PUT', 'patient', { attributes }, { query: { identifier: { system: 'a', value: 'b' }, groups: ['g'] } });
    assert.match(upsert({ nickname: 'Zz' })[0], /touch=true/);
    assert.doesNotMatch(upsert({ nickname: 'Zz' })[1], /touch/, 'none is found');
    assert.doesNotMatch(upsert({ gender: 'x' })[0], /touch/);
});

test('look-ups, ids and the further calls of an update', () => {
    const metric = JSON.parse(document('twine-metric.json'));
    const found = explain('POST', '/pub/patient_health_metric', '-d', JSON.stringify(metric));
    assert.deepEqual(found.calls.map((c) => [c.call, c.target]), [
        ['patient.list', '/v1/patients?brand_id={brand_id}&external_id={external_id}&limit={limit}&offset={offset}'],
        ['metric.create', '/v1/patients/{patient_id}/metrics']]);
    assert.deepEqual(found.ids.map((i) => i.as), ['parameter patient_id']);
    const patch = explain('PATCH', `/pub/patient/${'0'.repeat(24)}`, '-d', JSON.stringify({ data: {
        attributes: { gender: 'other' }, relationships: { groups: { data: [{ type: 'group', id: 'g' }] } } } }));
    assert.deepEqual(patch.calls.map((c) => c.call), ['patient.read', 'patient.update', 'patient.set_groups', 'patient.read']);
    assert.equal(field(patch, '{id}').to, 'parameter patient_id');
    assert.equal(field(patch, 'relationships/groups/data/*/id').to, 'parameter groups');
});

test('what is taken from another entity is asked for first', () => {
    const found = explain('POST', '/pub/action', '-d', JSON.stringify({ data: { type: 'plan_action', attributes: { title: 'x' }, relationships: { plan: { data: { type: 'health_plan', id: '1' } } } } }));
    assert.deepEqual(found.calls.map((c) => [c.call, c.target]), [['plan.read', '/v1/plans/{plan_id}'], ['action.create', '/v1/actions']]);
});

test('a word that says more than the canonical one is mapped and kept', () => {
    const event = (type) => explain('POST', '/pub/calendar_event', '-d', JSON.stringify({ data: { type: 'calendar_event',
        attributes: { all_day: true, attendees: [{ user: '1' }], start_at: '2018-02-20T00:00:00Z', time_zone: 'America/New_York', title: 'x', type },
        relationships: { owner: { data: { type: 'patient', id: '2' } } } } }));
    assert.deepEqual([field(event('telephone-call'), 'attributes/type').class, event('telephone-call').kept.includes('attributes/type')], ['normalising', true]);
    assert.match(field(event('telephone-call'), 'attributes/type').why, /kept beside it/);
    assert.deepEqual([field(event('office-visit'), 'attributes/type').class, event('office-visit').kept.includes('attributes/type')], ['normalising', false]);
});

test('a body that goes on as it came', () => {
    const body = { name: 'x', more: { any: ['thing'] } };
    const found = explain('POST', '/v1/patients/1/medications/check-interactions', '-H', 'Authorization: Bearer x', '-d', JSON.stringify(body), '--values');
    assert.equal(found.operation, 'checkInteractions');
    assert.deepEqual(found.sent, body);
});

test('a body that may be left out', () => {
    const found = explain('POST', '/v1/patients/me/ruo-acknowledgement', '-H', 'Authorization: Bearer x', '--values');
    assert.deepEqual([found.faults, found.sent], [[], { statement_version: 'ruo-pathway-v1' }]);
    assert.deepEqual(explain('POST', '/v1/patients/me/onboarding', '-H', 'Authorization: Bearer x').faults.map((f) => f.at), ['(body)']);
});

test('faults name the members', () => {
    const found = explain('POST', '/pub/patient', '-d', JSON.stringify({ data: { type: 'patient', attributes: { first_name: ' ', birth_date: 'soon' } } }));
    assert.deepEqual(found.faults, [
        { at: 'attributes/first_name', fault: 'blank', want: 'string' },
        { at: 'attributes/last_name', fault: 'blank', want: 'string' },
        { at: 'attributes/birth_date', fault: 'format', want: 'date' }]);
});

test('parameters', () => {
    const found = explain('GET', `/pub/patient?filter[organization]=${ACME}&filter[archived]=perhaps&filter[identifier][system]=a`);
    assert.deepEqual(found.fields.map((f) => [f.from, f.to]), [
        ['?filter[organization]', undefined], ['?filter[identifier][system]', 'parameter external_id'], ['?filter[archived]', 'parameter status']]);
    assert.deepEqual(found.faults.map((f) => f.at), ['?filter[identifier][value]', '?filter[archived]']);
    assert.equal(explain('GET', '/v1/patients').faults[0].at, '?brand_id');
});

test('what a parameter should have been is said', () => {
    const want = (target) => explain('GET', target).faults.map((f) => `${f.at}: ${f.want}`);
    assert.deepEqual(want('/pub/patient'), ['?filter[groups]: filter[groups] or filter[organization]']);
    const list = `/pub/patient?filter[organization]=${ACME}&`;
    assert.deepEqual(want(`${list}page[size]=51`), ['?page[size]: page size (at most 50)']);
    assert.deepEqual(want(`${list}page[number]=0`), ['?page[number]: page number']);
    assert.deepEqual(want('/v1/patients?brand_id=acme&offset=x'), ['?offset: offset']);
});

test('what the gateway would refuse beside the body is told', () => {
    const faults = (...args) => explain(...args).faults.map((f) => f.at);
    const lost = (...args) => explain(...args).lost.map((l) => l.at);
    const user = ['-H', 'X-User-Token: x'], some = ['-d', '{"patient":{"first_name":"A","last_name":"B","date_of_birth":"2000-01-01"}}'];
    assert.deepEqual(faults('POST', '/v1/patients', ...user), ['(body)']);
    assert.deepEqual(faults('POST', '/v1/patients', ...user, ...some, '-H', 'Content-Type: text/xml', '-H', 'Accept: text/xml'), ['Content-Type', 'Accept']);
    assert.deepEqual(faults('GET', '/v1/patients?page=0', ...user), ['?page']);
    assert.deepEqual(lost('GET', '/v1/patients?page=1&other=2', ...user), ['?other']);
    assert.deepEqual(faults('GET', '/v1/patients?search=a&search=b', ...user), ['?search']);
    assert.deepEqual(faults('GET', '/fhir/Patient?other=1'), ['?other']);
    assert.deepEqual(faults('GET', '/pub/patient?filter[other]=1'), ['?filter[groups]', '?filter[other]']);
    assert.deepEqual(faults('PUT', '/fhir/Patient/a', '-d', JSON.stringify({ resourceType: 'Patient', id: 'b', name: [{ family: 'B', given: ['A'] }] })), ['id']);
    assert.deepEqual(faults('GET', '/fhir/Patient/a', '-H', 'If-None-Exist: identifier=x'), ['if-none-exist']);
    const second = { type: 'patient', attributes: { first_name: 'A' } };
    assert.deepEqual(faults('POST', '/pub/patient', '-d', JSON.stringify({ data: [{ type: 'patient', attributes: { first_name: 'A', last_name: 'B' } }, second] })), ['1/attributes/last_name']);
    const include = explain('GET', `/pub/calendar_event?include=owner,other&filter[attendees]=${'0'.repeat(24)}`);
    assert.equal(include.calls.at(-1).call, 'patient.list');
    assert.match(include.calls.at(-1).when, /^include owner/);
    assert.deepEqual(include.faults.map((f) => f.at), ['?include']);
    for (const list of ['include=owner&include=', 'include=&include=owner&include=owner', 'include=owner,owner'])
        assert.equal(explain('GET', `/pub/calendar_event?${list}&filter[attendees]=${'0'.repeat(24)}`).calls.filter((c) => /^include owner/.test(c.when)).length, 1, list);
    assert.deepEqual(faults('GET', `/pub/calendar_event?include=other&include=owner&filter[attendees]=${'0'.repeat(24)}`), ['?include']);
    const form = explain('POST', '/fhir/Patient/_search', '-d', 'name=x&birthdate=soon', '-H', 'Content-Type: application/x-www-form-urlencoded');
    assert.deepEqual([form.operation, form.faults.map((f) => f.at)], ['searchPatients', ['?birthdate']]);
    const me = run('token', '--dialect', 'patient-graph').stdout.trim(), own = run('token', '--dialect', 'patient-graph', '--patient', 'p').stdout.trim();
    assert.deepEqual(faults('GET', '/v1/patients/me/journal?from=2024-01-01&to=2024-01-02', '-H', `Authorization: Bearer ${me}`), ['(credential)']);
    assert.deepEqual(faults('GET', '/v1/patients/me/journal?from=2024-01-01&to=2024-01-02', '-H', `Authorization: Bearer ${own}`), []);
});

test('a credential is judged with the real keys', () => {
    mkdirSync(state, { mode: 0o700, recursive: true });
    const token = run('token', '--dialect', 'twine', '--scope', 'read:patients').stdout.trim();
    const header = (text) => ['-H', `Authorization: Bearer ${text}`];
    const held = explain('GET', `/pub/patient?filter[organization]=${ACME}`, ...header(token));
    assert.deepEqual(held.credential, { state: 'accepted', brand: 'acme', scopes: ['read:patients'], missing: [] });
    assert.deepEqual(explain('POST', '/pub/patient', ...header(token)).credential.missing, ['write:patients']);
    const event = run('token', '--dialect', 'twine', '--scope', 'read:encounters').stdout.trim(), list = `/pub/calendar_event?filter[attendees]=${'0'.repeat(24)}`;
    assert.deepEqual(explain('GET', list, ...header(event)).credential.missing, []);
    const including = explain('GET', `${list}&include=owner`, ...header(event));
    assert.deepEqual([including.scopes, including.credential.missing], [['read:encounters', 'read:patients'], ['read:patients']], 'those of what is included');
    assert.match(run('explain', 'GET', `${list}&include=owner`, ...header(event)).stdout, /^scopes +read:encounters \(held\) read:patients \(missing: 403\)$/m);
    const broken = token.slice(0, -6) + (token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA');
    assert.match(explain('POST', '/pub/patient', ...header(broken)).credential.state, /^not accepted: /);
    assert.match(explain('POST', '/pub/patient', '-H', 'Authorization: Basic x').credential.state, /scheme/);
    assert.match(explain('POST', '/pub/patient', ...header('opaque')).credential.state, /opaque/);
    assert.equal(explain('POST', '/pub/patient').credential.state, 'none');
    const output = run('explain', 'POST', '/pub/patient', ...header(token));
    assert.doesNotMatch(output.stdout, new RegExp(token.slice(-20)));
});

test('the backend\'s answer', () => {
    const answer = JSON.stringify({ patients: [{ id: 'a', first_name: 'Zelda', status: 'active', external_ids: { A: '1' }, shoe: 3 }, { id: 'b', date_of_birth: '2000-01-01' }], total: 2 });
    const found = explain('GET', '/v1/patients', '-H', 'X-User-Token: x', '--response', '200', '-d', answer, '--values');
    assert.equal(found.documents, 2);
    assert.deepEqual(found.fields.map((f) => [f.from, f.to]), [
        ['id', 'id'], ['first_name', 'first_name'], ['status', 'active'], ['date_of_birth', 'date_of_birth'], ['date_of_birth', 'age']]);
    assert.deepEqual(found.lost.map((l) => l.at), ['external_ids', 'shoe']);
    assert.equal(found.shown.first_name, 'Zelda');
    assert.equal(found.shown.id, null, 'ids stay unresolved');
    assert.match(run('explain', 'GET', '/v1/patients/1', '-H', 'X-User-Token: x', '--response', '404').stdout, /404 is not an entity/);
    const asked = ['GET', '/v1/researcher-acknowledgements/me', '-H', 'Authorization: Bearer x', '--response', '200', '--values', '-d'];
    const acknowledged = (item) => explain(...asked, JSON.stringify({ acknowledged: item !== null, acknowledgement: item }));
    assert.equal(acknowledged({ id: 'a', statement_version: '2' }).shown.statement_version, '2');
    assert.deepEqual([acknowledged(null).documents, acknowledged(null).shown], [0, undefined], 'the answer says that there is none');
    for (const other of ['[]', '{}', '{"acknowledgement":[]}'])
        assert.match(run('explain', ...asked, other).stderr, /the answer has no member 'acknowledgement' that is an entity or null/);
});

test('a body from a file, and what is no request', () => {
    const file = join(dir, 'body.json');
    writeFileSync(file, JSON.stringify(patient));
    assert.equal(explain('POST', '/v1/patients', '-H', 'X-User-Token: x', '-d', `@${file}`).kept.length, 3);
    for (const [args, status] of [[['POST'], 2], [['POST', 'v1'], 2], [['GET', '/v1/patients', '-H', 'x'], 2], [['GET', '/x', '--response', '99'], 2],
        [['GET', '/nothing'], 1], [['DELETE', '/v1/patients'], 1], [['POST', '/v1/patients', '-d', '@/no/such'], 1],
        [['POST', '/pub/patient', '-d', '{'], 1], [['POST', '/pub/patient', '-d', '{}'], 1], [['GET', '/v1/%zz'], 1]])
        assert.equal(run('explain', ...args).status, status, args.join(' '));
});

test('no database is made', () => {
    const fresh = join(dir, 'fresh');
    mkdirSync(fresh, { mode: 0o700 });
    const done = spawnSync(binary, ['explain', 'POST', '/pub/patient', '-H', `Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.${'A'.repeat(86)}`, '-d', '{"data":{}}', '--json',
        '-c', join(root, 'conf/dragoman.yaml'), '--set', `state_dir=${fresh}`], { cwd: root, encoding: 'utf8' });
    assert.match(JSON.parse(done.stdout).credential.state, /^not accepted: /);
    assert.deepEqual(readdirSync(fresh).filter((name) => /\.db/.test(name)), []);
});

test('what cannot be explained is told with its place', () => {
    const answer = (text) => ['GET', '/v1/patients?brand_id=acme', '--response', '200', '-d', text];
    for (const [args, told] of [
        [answer('[1,2]'), "the answer has no member 'patients', which holds its entities"],
        [answer('{"patients":[{},"x"]}'), "the answer's entity 1: "],
        [answer('{"patients":[{}'), 'body: line 1, column 16: '],
        [['POST', '/v1/patients', '-d', `@${dir}`], `${dir} cannot be read: Is a directory`],
        [['POST', '/v1/patients', '-d', '@/dev/zero'], '/dev/zero is longer than 8 MiB'],
        [['POST', '/v1/patients', '-d', `@${dir}/none`], `${dir}/none cannot be read: No such file or directory`],
    ]) {
        const done = run('explain', ...args);
        assert.equal(done.status, 1);
        assert.equal(done.stdout, '');
        assert.ok(done.stderr.startsWith(`dragoman: ${told}`), done.stderr);
    }
});
