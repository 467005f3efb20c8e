// `dragoman translate`: documents of one dialect as documents of another, without a gateway or a backend.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, cpSync, createReadStream, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { binary, root, sanitized } from './harness.mjs';

const dir = mkdtempSync(join(tmpdir(), 'dragoman-translate-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const settings = ['-c', join(root, 'conf/dragoman.yaml'), '--set', `state_dir=${dir}/state`];

function run(args, input = '') {
    return spawnSync(binary, [args[0], ...settings, ...args.slice(1)], { cwd: root, input, encoding: 'utf8', maxBuffer: 1 << 28 });
}

/** The documents that came out, and how the program ended. */
function translate(from, to, resource, documents, ...more) {
    const input = documents.map((d) => (typeof d === 'string' ? d : JSON.stringify(d))).join('\n') + '\n';
    const done = run(['translate', '--from', from, '--to', to, '--resource', resource, ...more], input);
    const lines = done.stdout.split('\n');
    assert.equal(lines.pop(), '', 'every document ends in a line feed');
    return { status: done.status, stderr: done.stderr, documents: lines.map((line) => JSON.parse(line)) };
}

const hex = (n) => n.toString(16).padStart(24, '0');
const twine = (n, more = {}) => ({
    type: 'patient', id: hex(n),
    attributes: {
        first_name: 'Ada', last_name: 'Byron', email_address: 'ada@example.com', birth_date: '1990-12-10', gender: 'female',
        phone_numbers: [{ type: 'other', primary: true, value: '555-0100' }],
        addresses: [{ lines: ['1 Main St', 'Apt 2'], city: 'Anytown', state: 'CA', postal_code: '12345' }],
        archived: false, created_at: '2020-01-01T00:00:00.000Z', ...more,
    },
});

test('a patient of one dialect is a patient of another', () => {
    const { status, documents: [patient] } = translate('twine', 'general', 'patient', [twine(1)]);
    assert.equal(status, 0);
    const { age, ...rest } = patient;
    assert.ok(Number.isInteger(age) && age >= 35);
    assert.deepEqual(rest, {
        id: null, first_name: 'Ada', last_name: 'Byron', date_of_birth: '1990-12-10', gender: 'female', phone: '555-0100',
        email: 'ada@example.com',
        address: { street: '1 Main St\nApt 2', city: 'Anytown', state: 'CA', zip_code: '12345' },
        active: true, created_at: '2020-01-01T00:00:00.000Z', updated_at: null,
    });
});

test('what is translated there and back is the same', () => {
    const there = translate('twine', 'patient-graph', 'patient', [twine(1), twine(2, { archived: true })]);
    assert.deepEqual(there.documents.map((d) => d.status), ['active', 'inactive']);
    assert.deepEqual(there.documents.map((d) => d.id), [hex(1), hex(2)]);
    const back = translate('patient-graph', 'twine', 'patient', there.documents);
    assert.equal(back.status, 0, back.stderr);
    for (const [i, document] of back.documents.entries())
        assert.deepEqual({ ...document.attributes, archive_history: undefined, identifiers: undefined },
            { ...twine(1, { archived: i === 1 }).attributes, archive_history: undefined, identifiers: undefined });
});

test('a document goes to its own dialect whole', () => {
    const whole = twine(3, { phone_numbers: [{ type: 'work', value: '1' }, { type: 'home', value: '2', primary: true }], extra: { a: [1.50] } });
    const { status, documents: [same], stderr } = translate('twine', 'twine', 'patient', [whole]);
    assert.equal(status, 0);
    assert.deepEqual(same.attributes.phone_numbers, whole.attributes.phone_numbers);
    assert.deepEqual(same.attributes.extra, whole.attributes.extra);
    assert.doesNotMatch(stderr, /lost \d+×/);
});

test('bad lines go to the rejects with their numbers, and the others go on', () => {
    const file = join(dir, 'rejects');
    const lines = [twine(1), '{"type":', '', twine(2, { first_name: ' ' }), '[1]', twine(3, { birth_date: '31.12.1999' }), twine(4)];
    const { status, documents } = translate('twine', 'general', 'patient', lines, '--rejects', file);
    assert.equal(status, 1);
    assert.equal(documents.length, 2);
    const rejects = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(rejects.map((r) => r.line), [2, 4, 5, 6]);
    assert.match(rejects[0].reason, /^column \d+: /);
    assert.match(rejects[1].reason, /attributes\/first_name: blank/);
    assert.match(rejects[3].reason, /attributes\/birth_date: format, expected date/);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /31\.12/, 'no values');
});

test('a line beyond the ceiling is a reject; what follows is read', () => {
    const { status, documents, stderr } = translate('twine', 'general', 'patient',
        [twine(1), twine(2, { note: 'x'.repeat(9 << 20) }), twine(3)]);
    assert.equal(status, 1);
    assert.equal(documents.length, 2);
    assert.match(stderr, /line 2: the line is too long/);
});

test('what is lost is counted, or refused', () => {
    const lossy = [twine(1), twine(2, { note: 'secret', identifiers: [{ system: 'A', value: '1' }] })];
    const told = translate('twine', 'general', 'patient', lossy);
    assert.equal(told.status, 0);
    assert.match(told.stderr, /lost 1×, first in line 2: "attributes\/note"/);
    assert.match(told.stderr, /lost 1×, first in line 2: "external_ids"/);
    assert.match(told.stderr, /lost 2×, first in line 1: "id"/);
    assert.doesNotMatch(told.stderr, /secret/);
    const strict = translate('twine', 'patient-graph', 'patient', lossy, '--strict');
    assert.equal(strict.status, 1);
    assert.equal(strict.documents.length, 1);
    assert.match(strict.stderr, /line 2: would be lost: attributes\/note/);
});

test('ids go through the crosswalk of the state, which stays as it is', () => {
    const csv = join(dir, 'crosswalk.csv');
    const uuid = '11111111-1111-4111-8111-111111111111';
    writeFileSync(csv, `twine,patient,acme,${hex(7)},${uuid}\ngeneral,patient,acme,1049,${uuid}\ntwine,patient,globex,${hex(8)},other\n`);
    assert.equal(run(['crosswalk', 'import', csv]).status, 0);
    const before = run(['crosswalk', 'export']).stdout;
    const { documents } = translate('twine', 'general', 'patient', [twine(7), twine(8)]);
    assert.deepEqual(documents.map((d) => d.id), [1049, null]);
    const [graph] = translate('twine', 'patient-graph', 'patient', [twine(7)]).documents;
    assert.equal(graph.id, uuid);
    const [back] = translate('patient-graph', 'twine', 'patient', [{ ...graph, brand_id: 'acme' }]).documents;
    assert.equal(back.id, hex(7));
    assert.equal(back.links.self, `/pub/patient/${hex(7)}`);
    const [unknown] = translate('patient-graph', 'twine', 'patient', [{ ...graph, brand_id: 'acme', id: 'no-such' }]).documents;
    assert.equal(unknown.id, undefined);
    assert.equal(unknown.links, undefined, 'no link to what has no id');
    assert.equal(run(['crosswalk', 'export']).stdout, before);
});

test('an id as text is nobody else\'s, and one that cannot be shown is counted', () => {
    const csv = join(dir, 'taken.csv');
    writeFileSync(csv, `general,patient,acme,2001,${randomUUID()}\n`);
    assert.equal(run(['crosswalk', 'import', csv]).status, 0);
    for (const [id, seen] of [['2001', null], ['2002', 2002], ['not-a-number', null]]) {
        const { documents: [found], stderr } = translate('patient-graph', 'general', 'patient',
            [{ id, brand_id: 'acme', first_name: 'A', last_name: 'B' }]);
        assert.equal(found.id, seen, id);
        assert.equal(/"patient" is an id/.test(stderr), seen === null, stderr);
    }
});

test('no id is lost unseen, in whatever order and spelling', () => {
    const metric = { id: 'x', patient_id: 'y', brand_id: 'acme', metric_key: 'weight', value_numeric: '1', source: 'api', recorded_at: '2024-01-01T10:00:00.000Z' };
    const mappings = join(dir, 'mappings'), file = join(mappings, 'patient-graph/metric.yaml');
    cpSync(join(root, 'mappings'), mappings, { recursive: true });
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^( +id: .*\n)((?:.*\n)*?)(rest:|set:)/m, (_, id, others, end) => `${others.replace(/^( +created_at: .*\n)/m, `$1${id}`)}${end}`));
    const turned = translate('patient-graph', 'twine', 'metric', [metric], '--set', `mappings=${mappings}`);
    for (const kind of ['metric', 'patient'])
        assert.match(turned.stderr, new RegExp(`lost 1×, first in line 1: "${kind}" is an id`));
    assert.equal(turned.documents[0].id, undefined);
    assert.equal(turned.documents[0].relationships, undefined);
    for (const id of ['a"b', 'a\\b', 'a\nb']) {
        const { status, documents, stderr } = translate('patient-graph', 'twine', 'patient', [{ id, brand_id: 'acme', first_name: id, last_name: 'B' }]);
        assert.equal(status, 0, stderr);
        assert.match(stderr, /lost 1×, first in line 1: "patient" is an id/);
        assert.equal(documents[0].id, undefined);
        assert.equal(documents[0].links, undefined);
        assert.equal(documents[0].attributes.first_name, id, 'what says the same and is no id stays');
    }
});

test('a crosswalk that is there and cannot be read is a fault', () => {
    const state = join(dir, 'loop');
    mkdirSync(state);
    symlinkSync('gateway.db', join(state, 'gateway.db'));
    const { status, documents, stderr } = translate('twine', 'general', 'patient', [twine(1)], '--set', `state_dir=${state}`);
    assert.equal(status, 1);
    assert.equal(documents.length, 0);
    assert.match(stderr, /loop\/gateway\.db cannot be read/);
});

test('what a document says is nothing that a terminal obeys, nor endless', () => {
    const name = 'e\u001b[31mvil\n\u0085\u202edragoman: forged\u007f', long = 'n'.repeat(1 << 20);
    const odd = [twine(1, { [name]: 1 }), twine(2, { [long]: 1 })];
    for (const more of [[], ['--strict']]) {
        const { stderr } = translate('twine', 'patient-graph', 'patient', odd, ...more);
        assert.match(stderr, /attributes\/e\\u001b\[31mvil\\u000a\\u0085\\u202edragoman: forged\\u007f/);
        assert.doesNotMatch(stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
        assert.equal(stderr.trim().split('\n').length, 3);
        assert.match(stderr, /attributes\/n{100,1000}…/);
        assert.ok(stderr.length < 4096);
    }
});

test('of many rejects the first are told, and that there are more', () => {
    const { stderr } = translate('twine', 'general', 'patient', Array.from({ length: 12 }, () => '{'));
    assert.equal(stderr.match(/: line \d+: column/g).length, 10);
    assert.match(stderr, /the first 10 of those rejected are told; --rejects FILE takes all/);
    assert.doesNotMatch(translate('twine', 'general', 'patient', Array.from({ length: 10 }, () => '{')).stderr, /the first 10/);
});

test('a metric keeps its patient, and its digits', () => {
    const metric = {
        type: 'patient_health_metric', id: hex(1), attributes: { type: 'weight', value: 100.20, unit: 'kg', occurred_at: '2024-01-01T10:00:00+05:30' },
        relationships: { patient: { data: { type: 'patient', id: hex(2) } } },
    };
    const text = JSON.stringify(metric).replace('100.2', '100.20');
    const { status, documents: [found], stderr } = translate('twine', 'patient-graph', 'patient_health_metric', [text]);
    assert.equal(status, 0, stderr);
    assert.equal(found.patient_id, hex(2));
    assert.equal(found.value_numeric, '100.20');
    assert.equal(found.recorded_at, '2024-01-01T04:30:00.000Z');
    const query = { ...metric, relationships: { patient: { data: { type: 'patient', meta: { query: { identifier: { system: 'a', value: 'b' } } } } } } };
    assert.match(translate('twine', 'general', 'patient_health_metric', [query]).stderr, /line 1: .*look-up/);
});

test('wrong usage and unwritable files', () => {
    for (const args of [['--from', 'twine'], ['--from', 'x', '--to', 'general', '--resource', 'patient'],
        ['--from', 'twine', '--to', 'general', '--resource', 'x'], ['--from', 'twine', '--to', 'general', '--resource', 'organization'],
        ['--from', 'twine', '--to', 'general', '--resource', 'patient', '--as', 'gauge']])
        assert.equal(run(['translate', ...args]).status, 2, args.join(' '));
    const done = run(['translate', '--from', 'twine', '--to', 'general', '--resource', 'patient', '--rejects', join(dir, 'no/such')]);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /cannot be written/);
});

test('an empty input is an empty output', () => {
    const { status, documents } = translate('twine', 'general', 'patient', []);
    assert.deepEqual([status, documents], [0, []]);
});

test('memory does not grow with the input', async () => {
    const child = spawn(binary, ['translate', '--from', 'twine', '--to', 'general', '--resource', 'patient', ...settings],
        { cwd: root, stdio: ['pipe', 'ignore', 'ignore'] });
    const piece = Array.from({ length: 2000 }, (_, i) => JSON.stringify(twine(i))).join('\n') + '\n';
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]);
    const write = async (times) => {
        for (let i = 0; i < times; i++)
            if (!child.stdin.write(piece)) await once(child.stdin, 'drain');
    };
    const times = sanitized ? 10 : 60;
    await write(times);
    const early = resident();
    await write(2 * times);
    const late = resident();
    child.stdin.end();
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    assert.ok(late - early < 4096, `${early} kB, then ${late} kB`);
});

test('what comes from elsewhere has the brand, and can go back', () => {
    const there = translate('twine', 'patient-graph', 'patient', [twine(1)]);
    assert.equal(there.documents[0].brand_id, 'acme');
    assert.doesNotMatch(there.stderr, /brand_id/);
    assert.equal(translate('patient-graph', 'twine', 'patient', there.documents).status, 0);
    const weight = { metric_key: 'weight', value_numeric: '7', source: 'upload', recorded_at: '2024-01-01T00:00:00Z', brand_id: 'acme', patient_id: hex(2) };
    const metric = translate('patient-graph', 'twine', 'metric', [weight]);
    assert.match(metric.stderr, /"source" is a canonical member/);
    assert.doesNotMatch(metric.stderr, /brand_id/);
    assert.equal(translate('twine', 'patient-graph', 'patient_health_metric', metric.documents).documents[0].source, 'api');
    const foreign = translate('patient-graph', 'twine', 'patient', [{ ...there.documents[0], brand_id: 'globex' }]);
    assert.equal(foreign.status, 1);
    assert.equal(translate('patient-graph', 'twine', 'metric', [{ ...weight, brand_id: 'globex' }]).status, 1);
    const [coach] = translate('patient-graph', 'twine', 'provider', [{ brand_id: 'acme', name: 'Ana María Ortiz' }]).documents;
    assert.equal(translate('twine', 'patient-graph', 'coach', [coach]).documents[0].name, 'Ana María Ortiz');
    const [single] = translate('patient-graph', 'twine', 'provider', [{ brand_id: 'acme', name: 'Cher' }]).documents;
    assert.equal(translate('twine', 'patient-graph', 'coach', [single]).documents[0].name, 'Cher');
});

test('without a standard output nothing is written where the rejects belong', () => {
    const file = join(dir, 'no-output');
    const args = ['translate', '--from', 'twine', '--to', 'general', '--resource', 'patient', '--rejects', file, ...settings, '--set', `state_dir=${dir}/no-state`];
    const done = spawnSync('sh', ['-c', 'exec "$@" >&-', 'sh', binary, ...args], { cwd: root, input: `${JSON.stringify(twine(1))}\n`, encoding: 'utf8' });
    assert.equal(done.status, 1, done.stderr);
    assert.match(done.stderr, /the output cannot be written: Bad file descriptor/);
    assert.equal(readFileSync(file, 'utf8'), '');
});

/** Standard error on a pseudo terminal of `script` (bsdutils), input from a file, output through a pipe whose first piece waits
 *  until more time has passed than lies between two looks at the progress: then the next look must show it, however quick
 *  the machine is. */
async function onTerminal(input, args) {
    const pipe = join(dir, 'pipe');
    spawnSync('mkfifo', [pipe]);
    const words = [binary, ...args, ...settings].map((word) => `'${word}'`).join(' ');
    const program = spawn('script', ['-qfec', `exec ${words} <'${input}' >'${pipe}'`, '/dev/null'],
        { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, SHELL: '/bin/sh' } });
    let shown = '', documents = 0;
    program.stdout.setEncoding('utf8').on('data', (text) => { shown += text; });
    const output = createReadStream(pipe, 'latin1');
    output.on('data', (text) => { documents += text.split('\n').length - 1; });
    output.once('data', () => {
        output.pause();
        setTimeout(() => output.resume(), 400);
    });
    const [status] = await once(program, 'close');
    if (!shown.length && output.pending) /* nobody opened the pipe to write: its reader would wait for ever */
        closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    if (!output.closed)
        await once(output, 'close');
    return { status, shown, documents };
}

/** A bare chroot may have no /dev/pts. */
const noTerminal = spawnSync('script', ['-qfec', 'true', '/dev/null'], { stdio: 'ignore' }).status !== 0 && 'no pseudo terminal can be made here';

test('on a terminal one line tells how far it is, and is gone at the end', { skip: noTerminal }, async () => {
    const input = join(dir, 'many'), count = 10_000;
    writeFileSync(input, `{"broken\n${`${JSON.stringify(twine(1, { note: 'n' }))}\n`.repeat(count)}`);
    const { status, shown, documents } = await onTerminal(input, ['translate', '--from', 'twine', '--to', 'general', '--resource', 'patient']);
    assert.equal(status, 1, shown);
    assert.equal(documents, count);
    const clear = '\r\u001b[K', pieces = shown.split(clear);
    assert.match(pieces[1], /^dragoman: line 1: column \d+: /);
    const progress = pieces.slice(2, -1);
    assert.ok(progress.length >= 1, shown);
    for (const text of progress)
        assert.match(text, /^\d+ documents, \d+\.\d MB, \d+\.\d MB\/s(, \d+ s left)?, 1 rejected$/);
    assert.match(progress[0], / s left/);
    assert.match(pieces.at(-1), new RegExp(`^dragoman: lost ${count}×[^]*dragoman: ${count + 1} lines, .*; 1 rejected, ${count} lost something\\s*$`));
});
