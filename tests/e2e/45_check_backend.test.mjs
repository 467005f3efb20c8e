// `dragoman check --backend`: what a live backend has, told per operation. A proxy in front of the embedded backend takes calls away
// and writes down what it was asked.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { binary, environment, root, startBadBackend, startGateway } from './harness.mjs';

let gateway, proxy;
const asked = [];
let without = () => false;

before(async () => {
    gateway = await startGateway();
    proxy = http.createServer((incoming, outgoing) => {
        asked.push(`${incoming.method} ${incoming.url}`);
        if (without(incoming.method, incoming.url)) {
            outgoing.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not_found","message":"no such path"}');
            return;
        }
        const forward = http.request({ host: '127.0.0.1', port: gateway.backendPort, method: incoming.method, path: incoming.url, headers: incoming.headers },
            (answer) => { outgoing.writeHead(answer.statusCode, answer.headers); answer.pipe(outgoing); });
        incoming.pipe(forward);
    });
    await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
});
after(async () => {
    proxy.closeAllConnections?.();
    proxy.close();
    await gateway.stop();
});

async function check(port, ...more) {
    const child = spawn(binary, ['check', '--backend', ...more, '-c', gateway.config, ...gateway.settings({ 'backend.url': `http://127.0.0.1:${port}` })],
        { cwd: root, env: environment });
    let stdout = '', stderr = '';
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    const status = await new Promise((done) => child.on('close', done));
    return { status, stdout, stderr };
}
const row = (report, dialect, operation) => report.operations.find((o) => o.dialect === dialect && o.operation === operation);

test('a backend that has everything: nothing is missing, nothing is written, nothing private is printed', async () => {
    asked.length = 0;
    const done = await check(proxy.address().port);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /^general +showPatient +works$/m);
    assert.match(done.stdout, /^twine +fetchPatients +works$/m);
    assert.match(done.stdout, /^patient-graph +createPatient +not asked +patient\.create: writes are not asked$/m);
    assert.match(done.stdout, /^twine +createPatient +not asked +patient\.create: writes are not asked$/m);
    assert.match(done.stdout, /^twine +upsertPatient +not asked +patient\.update: writes are not asked$/m);
    assert.match(done.stdout, /^twine +createToken +works +the gateway's own$/m);
    assert.match(done.stdout, /\nbackend\.completions: all\n$/);
    const columns = done.stdout.split('\n\n')[0].split('\n').map((line) => /^\S+ +\S+ +/.exec(line)[0].length);
    assert.equal(new Set(columns).size, 1, 'the columns are aligned');
    assert.ok(asked.length > 30 && asked.every((line) => line.startsWith('GET ')), 'only reading calls');
    const ids = new Set(asked.flatMap((line) => line.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? []));
    assert.ok(ids.size > 0, 'it asks about what exists');
    for (const secret of [...ids, ...gateway.secrets]) assert.ok(!done.stdout.includes(secret), 'no id, no name');
    assert.equal(done.stderr, '');
});

test('what is missing is a slower plan or a 501, and the list to configure leaves it out', async () => {
    without = (method, url) => /^\/v1\/(metrics|groups)\b/.test(url);
    try {
        const done = await check(proxy.address().port, '--json');
        assert.equal(done.status, 1, 'the default configuration declares all');
        assert.match(done.stderr, /^dragoman: backend\.completions: \d+ declared that the backend does not have\n$/);
        const report = JSON.parse(done.stdout);
        assert.deepEqual(row(report, 'general', 'listGauges'),
            { dialect: 'general', operation: 'listGauges', state: 'slower plan', call: 'metric.list', why: 'the backend answered 404' });
        assert.equal(row(report, 'twine', 'fetchGroups').state, '501');
        assert.equal(row(report, 'general', 'showPatient').state, 'works');
        assert.equal(row(report, 'patient-graph', 'showMetricSeries').state, 'works');
        for (const [name, there] of [['metric.list', false], ['group.list', false], ['patient.read', true], ['patient.update', true], ['patient.filters', true], ['encounter.all', true]])
            assert.equal(report.completions.includes(name), there, name);
        const again = await check(proxy.address().port, '--json', '--set', `backend.completions=[${report.completions}]`);
        assert.equal(again.status, 0, again.stderr);
        assert.deepEqual(JSON.parse(again.stdout).completions, report.completions, 'the list is what it says');
    } finally {
        without = () => false;
    }
});

test('a write that is not declared is a 501; its reading is still asked for', async () => {
    const done = await check(proxy.address().port, '--json', '--set', 'backend.completions=[]');
    const report = JSON.parse(done.stdout);
    assert.equal(done.status, 0);
    assert.deepEqual(row(report, 'general', 'updatePatient'),
        { dialect: 'general', operation: 'updatePatient', state: '501', call: 'patient.update', why: 'not in backend.completions' });
    for (const part of ['createPatient', 'updatePatient', 'upsertPatient']) // the last becomes one of the others
        assert.equal(row(report, 'twine', part).state, '501', part);
    assert.ok(report.completions.includes('patient.read') && !report.completions.includes('patient.filters') && !report.completions.includes('patient.update'));
});

const answer = (status, type, body) => (socket) =>
    socket.end(`HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
const failures = [
    ['refuses the credential', answer('401 Unauthorized', 'application/json', '{"error":"unauthenticated"}'), /the backend refuses the gateway's credential/],
    ['forbids', answer('403 Forbidden', 'application/json', '{"error":"forbidden"}'), /the backend refuses the gateway's credential/],
    ['answers a page', answer('200 OK', 'text/html', '<html>'), /does not answer the list of patients/],
    ['answers other JSON', answer('200 OK', 'application/json', '{"people":[]}'), /does not answer the list of patients.*another document/],
    ['answers garbage', (socket) => socket.end('garbage\r\n\r\n'), /does not answer the list of patients/],
    ['does not know the path', answer('404 Not Found', 'application/json', '{}'), /does not answer the list of patients.*404/],
    ['hangs up', (socket) => socket.destroy(), /does not answer/],
];
for (const [what, script, expected] of failures)
    test(`a backend that ${what} is told in one line`, async () => {
        const bad = await startBadBackend(script);
        const done = await check(bad.port).finally(() => bad.stop());
        assert.equal(done.status, 1);
        assert.equal(done.stdout, '');
        assert.match(done.stderr, /^dragoman: http:\/\/127\.0\.0\.1:\d+: [^\n]+\n$/);
        assert.match(done.stderr, expected);
    });

test('a backend that is not there is told in one line', async () => {
    const free = net.createServer().listen(0, '127.0.0.1');
    await new Promise((done) => free.on('listening', done));
    const { port } = free.address();
    await new Promise((done) => free.close(done));
    const done = await check(port);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^dragoman: http:\/\/127\.0\.0\.1:\d+: the backend does not answer the list of patients: (cannot connect to [^\n]+|Couldn.t connect to server)\n$/); // h1, curl
});
