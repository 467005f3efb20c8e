// `dragoman check`: what is wrong with a mapping although it can be read, and what survives between dialects.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { binary, root } from './harness.mjs';

const dir = mkdtempSync(join(tmpdir(), 'dragoman-check-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const check = (mappings, ...more) => spawnSync(binary, ['check', '-c', join(root, 'conf/dragoman.yaml'), '--set', `state_dir=${dir}`,
    '--set', `mappings=${mappings}`, ...more], { cwd: root, encoding: 'utf8' });

let copies = 0;
/** What check says of the mappings with some of their files changed: [file, change, file, change, …]. */
function changed(...changes) {
    const copy = join(dir, `mappings${copies++}`);
    cpSync(join(root, 'mappings'), copy, { recursive: true });
    for (let i = 0; i < changes.length; i += 2) {
        const path = join(copy, changes[i]), before = readFileSync(path, 'utf8'), text = changes[i + 1](before);
        assert.notEqual(text, before, `${changes[i]} is not what this test expects`);
        writeFileSync(path, text);
    }
    return check(copy);
}

test('the mappings have no fault', () => {
    const done = check(join(root, 'mappings'));
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /^\d+ dialects, \d+ operations, \d+ mappings: no fault\n$/);
});

test('docs/coverage.md is what the mappings say', () => {
    const done = check(join(root, 'mappings'), '--coverage');
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stdout, readFileSync(join(root, 'docs/coverage.md'), 'utf8'),
        'make it again: build/release/dragoman check --coverage > docs/coverage.md');
});

const faults = [
    ['a member without a rule', 'general/patient.yaml', (t) => t.replace('fields:\n', 'fields:\n  shoe: { type: integer }\n'), /:6:3: no rule takes "shoe"/],
    ['two rules for one path', 'general/patient.yaml', (t) => t.replace('fields:\n', 'fields:\n  given: { type: string, is: first_name }\n'),
        /"first_name" is written by "given" already/],
    ['a condition that never holds', 'twine/patient_health_metric.yaml', (t) => t.replaceAll('when: { metric_key: blood_pressure }', 'when: { metric_key: 5 }'),
        /nothing reaches this rule: "metric_key" is never 5/],
    ['a value that is never needed', 'general/patient.yaml', (t) => t.replace('set:\n', 'set:\n  first_name: none\n'), /nothing reaches this value: "first_name" always writes there/],
    ['types that cannot meet in one file', 'general/patient.yaml', (t) => t.replace('fields:\n', 'fields:\n  born: { type: integer, is: date_of_birth, read_only: true }\n'),
        /can never be the same value at "date_of_birth"/],
    ['types of two dialects that cannot meet', 'general/patient.yaml', (t) => t.replace('{ type: string, is: phone }', '{ type: integer, is: phone }').replace(/examples:[^]*/, ''),
        /"phone" is of type integer, but \S*fhir\/patient.yaml:\d+ has type string there, expected types with the same canonical values at "phone"/],
    ['an enum that is not one to one', 'twine/patient.yaml', (t) => t.replace('{ true: inactive, false: active }', '{ true: active, false: active }'), /canonical "active" stands twice/],
    ['an unknown key', 'general/patient.yaml', (t) => t.replace('keep', 'kept').replace('rest: store', 'rests: store'), /unknown key "rests"/],
    ['an example that is not so', 'general/patient.yaml', (t) => t.replace('canonical:\n      first_name: John', 'canonical:\n      first_name: Jon'), /put gives another document[^]*examples and laws that do not hold: \d+ \(dragoman test\)/],
    ['bounds without a value between them', 'general/patient.yaml', (t) => t.replace('fields:\n', 'fields:\n  shoe: { type: integer, keep: true, min: 50, max: 15 }\n'),
        /:6:52: no value lies between 50 and 15, expected at least `min:`/],
    ['a path that no mapping has', 'general/patient.yaml', (t) => t.replace('from: date_of_birth', 'from: birth_date'), /nothing reaches "birth_date": no mapping of the entity has it/],
    ['an age of no date', 'general/patient.yaml', (t) => t.replace('from: date_of_birth', 'from: metadata.address.line').replace('{ type: string, is: metadata.address.line }', '{ type: boolean, is: metadata.address.line }').replace(/examples:[^]*/, ''),
        /is not a date, expected the path of one/],
];
for (const [name, file, change, expected] of faults)
    test(name, () => {
        const done = changed(file, change);
        assert.equal(done.status, 1, done.stdout);
        assert.match(done.stderr, expected);
        assert.match(done.stderr, /\.yaml:\d+:\d+: /);
    });

/** Each fault that was told, as "file:line: words" without what was expected, and the last line. */
const told = (done) => done.stderr.trim().split('\n').map((line) => line.replace(/^dragoman: /, '').replace(/^\S*\/mappings\d+\//, '').replace(/^(\S+:\d+):\d+:/, '$1:').replace(/, expected.*/, ''));

test('all faults are told in one run: of each mapping file, operation and look-up one, and none that only follows', () => {
    const done = changed(
        'canonical/contract.yaml', (t) => t.replace('  metric.latest: ', '  metric.late: '),
        'general/patient.yaml', (t) => t.replace('rest: store', 'rests: store'), // seven operations rest on it
        'general/gauge.yaml', (t) => t.replace('fields:\n', 'fields:\n  shoe: { type: integer }\n'),
        'twine/dialect.yaml', (t) => t.replace('call: reward.read', 'call: reward.red').replace('call: reward_program.read', 'calls: reward_program.read')
            .replace('kind: patient,', 'kind: patent,'),
        'fhir/dialect.yaml', (t) => t.replace('credential:', 'credentials:'),
        'fhir/encounter.yaml', (t) => t.replace('unknown: refuse', 'unknown: refused'),
        'oauth/token.yaml', (t) => t.replace('{ type: string, is: scope }', '{ type: string, is: scope, min_length: 5, max_length: 1 }'));
    assert.equal(done.status, 1);
    const lines = told(done);
    assert.deepEqual(lines.map((line) => line.replace(/:\d+:.*/, '')).sort(), lines.slice(-1).concat(['canonical/contract.yaml', 'fhir/dialect.yaml',
        'fhir/encounter.yaml', 'general/gauge.yaml', 'general/patient.yaml', 'oauth/token.yaml', 'twine/dialect.yaml']).sort(), done.stderr);
    assert.equal(lines.at(-1), '7 faults');
});

test('of operations one fault each, what they ask of the backend included', () => {
    const done = changed(
        'twine/dialect.yaml', (t) => t.replace('call: action.read', 'call: action.red').replace('call: bundle.read', 'calls: bundle.read').replace('kind: patient,', 'kind: patent,'),
        'general/dialect.yaml', (t) => t.replace('status: 201', 'status: 404').replace('to: metric_key', 'to: metric_kee'),
        'general/gauge.yaml', (t) => t.replace(/canonical: \{/, 'canonical: { shoe: 1,'));
    assert.equal(done.status, 1);
    assert.deepEqual(told(done).map((line) => line.replace(/:\d+:/, ':')).filter((line) => !line.startsWith(' ')), [
        'general/gauge.yaml: put gives another document',
        'general/dialect.yaml: found "404"',
        "general/dialect.yaml: metric.list takes no parameter 'metric_kee'",
        "twine/dialect.yaml: there is no entity 'patent'",
        "twine/dialect.yaml: unknown call 'action.red'",
        'twine/dialect.yaml: unknown key "calls"',
        'examples and laws that do not hold: 1 (dragoman test)',
        '6 faults']);
});

test('one fault alone is one line', () => {
    const done = changed('general/patient.yaml', (t) => t.replace('rest: store', 'rests: store'));
    assert.equal(told(done).length, 1, done.stderr);
    assert.match(done.stderr, /^dragoman: .*general\/patient\.yaml:\d+:\d+: unknown key "rests"/);
});

// A field that takes what it does not show, among others that are sound: the counterexample is the smallest document, and the
// place is the rule's.
const broken = `dialect: general
resource: patient
entity: patient
fields:
  first_name: { type: string, is: first_name }
  address:
    street: { type: string, is: metadata.address.line }
    floor:  { type: string, is: metadata.floor, enum: { ground: 0 }, otherwise_put: same }
    city:   { type: string, is: metadata.address.city }
set:
  last_name: Doe
  brand_id: $brand
rest: store
`;
for (const command of ['check', 'test'])
    test(`${command} shrinks what breaks a law, and names the rule`, () => {
        const copy = join(dir, `broken-${command}`);
        cpSync(join(root, 'mappings'), copy, { recursive: true });
        writeFileSync(join(copy, 'general/patient.yaml'), broken);
        const done = spawnSync(binary, [command, ...(command === 'test' ? ['--seed', '7', '--count', '40'] : []), '--set', `state_dir=${dir}`,
            '--set', `mappings=${copy}`], { cwd: root, encoding: 'utf8' });
        assert.equal(done.status, 1, done.stdout);
        const said = command === 'test' ? done.stdout : done.stderr;
        assert.match(said, /broken-\w+\/general\/patient\.yaml:8:5: patient \(document \d+ of seed \d+\): get\(put\(d\)\) = normal\(d\)\n {2}at {4}address\/floor\n {2}for {3}\{"address":\{"floor":".*"\}\}\n {2}put/);
        if (command === 'test') assert.match(said, /^FAILED general\/patient$/m);
    });
