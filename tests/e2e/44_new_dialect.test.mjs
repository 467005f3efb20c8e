// docs/new-dialect.md as a newcomer reads it: its files are written, its commands run in one shell, its outputs compared. Only the
// ports are others. Then the mistakes that are easily made on the way: each has a place and a message that helps.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, environment, freePorts, root } from './harness.mjs';

const page = readFileSync(join(root, 'docs/new-dialect.md'), 'utf8');
const blocks = [...page.matchAll(/^```(yaml|console)\n([^]*?)^```$/gm)].map(([, kind, text]) => ({ kind, text }));
const files = blocks.filter((b) => b.kind === 'yaml').map((b) => [/^# (\S+)\n/.exec(b.text)[1], b.text]);
const dir = mkdtempSync(join(tmpdir(), 'dragoman-diary-'));
after(() => rmSync(dir, { recursive: true, force: true }));

let ports;
const moved = (text) => text.replace(/127\.0\.0\.1:(8080|9901|8081)/g, (_, port) => `127.0.0.1:${ports[port]}`);

/** The project's folder with the page's files in it. */
function project(name) {
    const at = join(dir, name);
    mkdirSync(join(at, 'build/release'), { recursive: true });
    symlinkSync(binary, join(at, 'build/release/dragoman'));
    for (const part of ['mappings', 'conf']) cpSync(join(root, part), join(at, part), { recursive: true });
    for (const [path, text] of files) {
        mkdirSync(dirname(join(at, path)), { recursive: true });
        writeFileSync(join(at, path), moved(text));
    }
    return at;
}

before(async () => {
    const free = await freePorts(3);
    ports = { 8080: free[0], 9901: free[1], 8081: free[2] };
});

/** `…` in the page stands for anything. */
const pattern = (text) => new RegExp(`^${text.split('…').map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*?')}$`);

test('the files and commands of docs/new-dialect.md give the outputs shown there', () => {
    const steps = blocks.filter((b) => b.kind === 'console')
        .flatMap((b) => b.text.split(/^\$ /m).slice(1))
        .map((step) => ({ command: step.slice(0, step.indexOf('\n')), output: step.slice(step.indexOf('\n') + 1) }));
    assert.ok(steps.length > 12 && files.length === 3, 'the page has its files and commands');
    const mark = '=== next ===';
    const script = steps.map(({ command }) => `${moved(command)}\necho; echo '${mark}'`).join('\n');
    const done = spawnSync('bash', ['-c', `trap 'kill $(jobs -p) 2>/dev/null' EXIT\n${script}`],
        { cwd: project('whole'), encoding: 'utf8', env: environment, timeout: 120000 });
    assert.equal(done.error, undefined, String(done.error));
    const outputs = done.stdout.split(`${mark}\n`);
    for (const [i, { command, output }] of steps.entries())
        assert.match((outputs[i] ?? '').trim(), pattern(output.trim()), `$ ${command}\n${done.stderr}`);
    assert.equal(done.stderr.replace(/^.*Terminated.*\n/m, ''), '');
});

const D = 'dialect.yaml', P = 'person.yaml';
// What is put wrong (file, text, its replacement), and what check says.
const mistakes = [
    [D, 'dialect: diary', 'dialect: dairy', /dialect.yaml:2:10: "dairy" is not the folder's name, expected diary/],
    [P, 'dialect: diary', 'dialect: general', /person.yaml:2:10: "general" is not the folder's dialect, expected diary/],
    [D, '/diary }', 'diary }', /dialect.yaml:\d+:\d+: found "diary", expected a path such as \/v1/],
    [D, '/diary }', '/pub }', /twine\/dialect.yaml:\d+:\d+: "\/pub" is the prefix of diary already \(\S*mappings\/diary\/dialect.yaml:5\), expected another/],
    [D, 'prefix: /diary', 'hosts: [general.localhost]', /general.localhost" is a host of diary already \(\S*mappings\/diary\/dialect.yaml:5\)/],
    [D, 'facade: { prefix: /diary }', '', /dialect.yaml:2:1: no facade:/],
    [D, 'credential: { header: x-diary-key }', '', /dialect.yaml:2:1: no credential:/],
    [D, 'media: {', 'lens: {', /dialect.yaml:\d+:\d+: the key "lens" stands twice/],
    [D, /^media: .*$/m, '', /dialect.yaml:2:1: no media:/],
    [D, 'x-diary-key', 'X-Diary-Key', /expected a header's name in lower case/],
    [D, 'absent: omit', 'absent: omitted', /dialect.yaml:\d+:\d+: unknown value, expected null or omit/],
    [D, 'patient: integer', 'patients: integer', /dialect.yaml:\d+:\d+: there is no entity 'patients', expected one of/],
    [D, /^ids:.*\n/m, '', /person.yaml:6:50: ids of the kind patient are no numbers here, expected `ids: \{ patient: integer \}` in dialect.yaml/],
    [D, 'patient: integer', 'patient: hex24', /person.yaml:6:50: ids of the kind patient are no numbers here/],
    [D, 'patient: integer', 'patient: int', /unknown form of id, expected same, integer, hex24 or verbatim/],
    [D, 'number: page', 'page: page', /unknown key "page", expected one of: number/],
    [D, 'not_found:', 'notfound:', /dialect.yaml:\d+:5: unknown error 'notfound', expected one of docs\/dialect.md such as not_found/],
    [D, 'blank: is', 'blanc: is', /dialect.yaml:\d+:5: "blanc" is not a kind of fault, expected one of docs\/dialect.md such as blank/],
    [D, 'is not a $want', 'is not a $wnat', /unknown variable in "is not a \$wnat", expected \$want/],
    [D, 'error: $message', 'error: $mesage', /unknown variable '\$mesage'/],
    [D, /^errors:[^]*?^operations/m, 'operations', /dialect.yaml:2:1: no errors:/],
    [D, 'GET /people', 'GETT /people', /dialect.yaml:\d+:14: "GETT" is not a method, expected GET, POST, PUT, PATCH or DELETE/],
    [D, 'GET /people', 'GET people', /no request, expected e.g. GET/],
    [D, '    scopes: [read:patients]\n', '', /dialect.yaml:\d+:5: an operation without scopes/],
    [D, 'read:patients', 'read:patient', /dialect.yaml:\d+:14: there is no scope 'read:patient', expected one of/],
    [D, 'call: patient.list', 'call: patients.list', /dialect.yaml:\d+:11: unknown call 'patients.list', expected one of/],
    [D, 'to: search', 'to: serch', /patient.list takes no parameter 'serch', expected one of: after search name /],
    [D, 'people: $items', 'people: $item', /dialect.yaml:\d+:13: patient.list is a list, expected \$items/],
    [D, 'answer: $item', 'answer: $items', /patient.read is not a list, expected \$item|patient.create is not a list, expected \$item/],
    [D, 'answer: $item', 'answer: item', /found "item", expected a variable such as \$item or a map/],
    [D, '    path: { number: { type: id, kind: patient, to: patient_id } }\n', '', /\{number\} of the request has no row under path:/],
    [D, 'kind: patient, to', 'kind: person, to', /there is no entity 'person'/],
    [D, 'resource: person', 'resource: people', /no mapping file has resource: people/],
    [D, '    stored: patient.read ', '    #', /dialect.yaml:\d+:5: an update without stored:, expected stored: patient.read/],
    [D, 'stored: patient.read', 'stored: patient.list', /patient.list does not read one patient/],
    [D, '    body: {}                                   # the document is the whole body\n', '', /patient.create sends a document, expected body: \{\}/],
    [D, 'call: patient.list', 'body: {}\n    call: patient.list', /dialect.yaml:\d+:5: a GET has no body, expected no body: here/],
    [D, 'call: patient.read', 'body: { in: person }\n    call: patient.read', /dialect.yaml:\d+:5: a GET has no body/],
    [D, 'status: 201', 'status: 404', /expected a whole number from 200 to 299/],
    [P, 'entity: patient ', 'entity: pateint ', /person.yaml:\d+:\d+: entity is pateint, but patient.list of listPeople is about patient/],
    [P, 'type: string, is: first_name', 'type: text, is: first_name', /person.yaml:\d+:\d+: "text" is not a type, expected one of string, /],
    [P, 'type: date, ', '', /person.yaml:\d+:17: "is" is not a member, expected `type:` beside it/],
    [P, 'is: first_name', 'is: firstname', /person.yaml:\d+:\d+: nothing writes first_name, which patient.create needs/],
    [P, 'is: gender', 'is: gendre', /person.yaml:10:31: patient has no member 'gendre', expected one of canonical\/contract.yaml; did you mean 'gender'\?/],
    [P, 'x: other', 'x: male', /person.yaml:\d+:\d+: canonical "male" stands twice, expected each value once/],
    [P, 'kind: patient', 'kind: person', /person.yaml:\d+:\d+: there is no entity 'person'/],
    [P, ', kind: patient', '', /type id lacks `kind:`/],
    [P, 'required: create', 'required: true', /found "true", expected create, update or always/],
    [P, '$brand ', '$brnd ', /"\$brnd" is not a value of the context, expected \$brand/],
    [P, 'brand_id: $brand ', 'brand_id: $brand\n  status: actve #', /person.yaml:16:11: status of patient is never "actve", expected active or inactive; did you mean 'active'\?/],
    [P, '  home:', '\thome:', /tab character/],
    [P, /^set:\n.*\n/m, '', /person.yaml:\d+:\d+: nothing writes brand_id, which patient.create needs, expected a field or a row of set:/],
    [P, '    rest:      { shelf: 7 }\n', '', /put gives another rest/],
];

test('a folder whose dialect.yaml is missing is not passed over', () => {
    const at = project('lost');
    rmSync(join(at, 'mappings/diary/dialect.yaml'));
    const done = spawnSync(binary, ['check', '-c', 'conf/diary.yaml'], { cwd: at, encoding: 'utf8', env: environment });
    assert.equal(done.status, 1, done.stdout);
    assert.match(done.stderr, /mappings\/diary: mapping files without a dialect.yaml beside them/);
});

test('a newcomer\'s mistakes are told with their place', () => {
    const at = project('wrong');
    const said = [];
    for (const [file, text, instead, expected] of mistakes) {
        const path = join(at, 'mappings/diary', file), good = readFileSync(path, 'utf8');
        const bad = good.replace(text, () => instead);
        assert.notEqual(bad, good, `${file} has no ${text}`);
        writeFileSync(path, bad);
        const done = spawnSync(binary, ['check', '-c', 'conf/diary.yaml'], { cwd: at, encoding: 'utf8', env: environment });
        writeFileSync(path, good);
        assert.equal(done.status, 1, `${text} -> ${instead}: ${done.stdout}${done.stderr}`);
        assert.match(done.stderr, expected, `${text} -> ${instead}`);
        assert.match(done.stderr, /mappings\/\S+\.yaml:\d+:\d+: /);
        said.push(done.stderr);
        if (!/put gives|firstname|gendre/.test(`${expected}${instead}`) && !instead.startsWith('entity:')) // nothing that only follows
            assert.equal(done.stderr.trim().split('\n').length, 1, `${text} -> ${instead}: ${done.stderr}`);
    }
    // The messages that the page shows are among them.
    const rows = [...page.matchAll(/^\| .* \| `(\w+\.yaml:.*)` \|$/gm)].map((row) => row[1]);
    assert.ok(rows.length >= 6);
    for (const row of rows) assert.ok(said.some((line) => line.includes(row)), `check never says ${row}\n${said.join('')}`);
});

// "What your API may have besides": a dialect made of the rows of that table, so that each of them can be taken as it stands.
const besides = {
    'patient.yaml': `dialect: vendor
resource: patient
entity: patient
fields:
  Patient_ID: { type: id, is: id, kind: patient, as: integer, read_only: true }
  First_Name: { type: string, is: first_name, required: create }
  Last_Name:  { type: string, is: last_name, required: create }
  Sex: { type: integer, is: gender, enum: { 1: male, 2: female, 9: other } }
  Active: { type: string, is: status, enum: { Y: active, N: inactive }, read_only: create }
set: { brand_id: $brand }
rest: refuse
examples:
  - { dialect: { First_Name: Ada, Last_Name: Byron, Sex: 2 }, canonical: { first_name: Ada, last_name: Byron, gender: female } }
`,
    'weight.yaml': `dialect: vendor
resource: weight
entity: metric
fields:
  Patient_ID: { type: id, is: patient_id, kind: patient, as: integer, param: patient_id, required: create }
  weight_kg: { type: digits, is: value_numeric, required: create }
  taken: { type: datetime, is: recorded_at, required: create }
  device: { type: string, keep: true }
set: { metric_key: weight, unit: kg, source: api }
unknown: refuse
`,
    'dialect.yaml': `dialect: vendor
facade: { prefix: /vendor }
credential: { header: authorization, scheme: Token }
media: { request: [application/json], answer: [application/json] }
ids: { patient: integer }
paging: { offset: start, size: rows, default: 10, max: 50 }
errors:
  one: { code: $code }
  many: { code: $code, errors: $errors }
  each: { field: $pointer, parameter: $parameter, text: $message }
  faults: { blank: is missing }
operations:
  addPatient:
    request: POST /patients
    scopes: [write:patients]
    resource: patient
    body: { in: patient }
    call: patient.create
    answer: { status: OK, patient: $item }
  findPatients:
    request: GET /patients/by/{system}/{value}
    scopes: [read:patients]
    resource: patient
    path: { system: { type: string, to: external_id, part: 1 }, value: { type: string, to: external_id, part: 2 } }
    call: patient.list
    answer: $items
  showWeight:
    request: GET /patients/{Patient_ID}/weights/{id}
    scopes: [read:metrics]
    resource: weight
    path: { Patient_ID: { type: id, kind: patient }, id: { type: id, kind: metric, to: metric_id } }
    call: metric.read
    answer: $item
  addWeight:
    request: POST /weights
    scopes: [write:metrics]
    resource: weight
    body: {}
    call: metric.create
    answer: $item
  listWeights:
    request: GET /weights
    scopes: [read:metrics]
    resource: weight
    call: metric.list
    fixed: { metric_key: weight, order: recorded_desc }
    query: { Patient_ID: { type: id, kind: patient, to: patient_id, required: true } }
    answer: { start: $offset, rows: $items, total: $total }
  listSince:
    request: GET /weights/since
    scopes: [read:metrics]
    resource: weight
    call: metric.list
    query:
      from: { type: moment, to: from }
      until: { type: moment_end, to: to }
    answer: $items
`,
};

test('what the page says of other APIs can be taken as it stands', () => {
    const at = project('besides'), files = Object.values(besides).join('');
    mkdirSync(join(at, 'mappings/vendor'));
    for (const [name, text] of Object.entries(besides)) writeFileSync(join(at, 'mappings/vendor', name), text);
    const check = spawnSync(binary, ['check', '-c', 'conf/diary.yaml'], { cwd: at, encoding: 'utf8', env: environment });
    assert.equal(check.status, 0, check.stderr);
    const rows = page.slice(page.indexOf('## 6. ')).split('\n').filter((line) => line.startsWith('| ')).slice(1);
    const said = rows.flatMap((row) => [...row.split(' | ').at(-1).matchAll(/`([^`]*: [^`]*)`/g)].map(([, text]) => text));
    assert.ok(rows.length > 10 && said.length >= rows.length, `${rows.length} rows, ${said.length} snippets`);
    for (const text of said) assert.ok(files.includes(text), `not tried: ${text}`);
    const explained = spawnSync(binary, ['explain', 'POST', '/vendor/weights', '-d', '{"Patient_ID":1,"weight_kg":70.50,"taken":"2024-01-01T10:00:00Z","device":"S1"}',
        '--values', '-c', 'conf/diary.yaml'], { cwd: at, encoding: 'utf8', env: environment });
    assert.match(explained.stdout, /"value_numeric":"70.50"/, explained.stdout + explained.stderr);
});
