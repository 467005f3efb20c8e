// ./dev run: what it prints works when pasted, Ctrl-C stops everything, a port that is taken is said so.
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { binary, freePorts, request, root } from './harness.mjs';

const ours = !/build\/release\/dragoman$/.test(binary); // ./dev run always builds and runs the release

describe('./dev run', { skip: ours && 'another binary is under test' }, () => {
    test('prints lines that work when pasted, and stops on Ctrl-C', async () => {
        const [port, admin, backend] = await freePorts(3);
        const stateDir = mkdtempSync(join(tmpdir(), 'dragoman-run-'));
        const run = spawn('./dev', ['run', '--set', `listen=127.0.0.1:${port}`, '--set', `admin.listen=127.0.0.1:${admin}`,
            '--set', `backend.listen=127.0.0.1:${backend}`, '--set', `state_dir=${stateDir}`], { cwd: root, detached: true });
        const ended = new Promise((done) => run.on('exit', (code, signal) => done({ code, signal })));
        let output = '';
        run.stdout.on('data', (chunk) => { output += chunk; });
        run.stderr.on('data', (chunk) => { output += chunk; });
        try {
            for (let n = 0; n < 600 && !/^Ready on /m.test(output); n++) await Promise.race([ended, new Promise((done) => setTimeout(done, 100))]);
            assert.match(output, /^Ready on /m, output);
            const lines = output.split('\n').filter((line) => /^\s*curl /.test(line));
            assert.equal(lines.length, 7, output);
            const tokens = output.split('\n').filter((line) => /^\s*[A-Z_]+='\S+'$/.test(line));
            assert.deepEqual(tokens.map((line) => line.trim().split('=')[0]), ['GENERAL', 'TWINE', 'PATIENT_GRAPH', 'FHIR']); // the README's names
            for (const dialect of ['General', 'Twine', 'patient-graph', 'FHIR R4']) assert.match(output, new RegExp(`^${dialect}$`, 'm'));
            for (const line of lines) {
                const { stdout } = await promisify(execFile)('bash', ['-c', `${tokens.join('\n')}\n${line} -w '\\n%{http_code}'`]);
                const [body, status] = stdout.split(/\n(?=\d+$)/);
                assert.match(status, /^20[01]$/, `${line}\n${stdout}`);
                assert.ok(JSON.parse(body), line);
            }
        } finally {
            if (run.exitCode === null) process.kill(-run.pid, 'SIGINT'); // what Ctrl-C does: the whole foreground group
        }
        assert.deepEqual(await ended, { code: 0, signal: null }, output.slice(-2000));
        await assert.rejects(request(port, 'GET', '/'));
        await assert.rejects(request(backend, 'GET', '/'));
        rmSync(stateDir, { recursive: true, force: true });
    });

    test('a port that is taken is said so', async () => {
        const busy = net.createServer();
        await new Promise((done) => busy.listen(0, '127.0.0.1', done));
        const { port } = busy.address();
        const { status, stderr } = spawnSync('./dev', ['run', '--set', `listen=127.0.0.1:${port}`], { cwd: root, encoding: 'utf8', timeout: 60000 });
        assert.equal(status, 1);
        assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port} is in use`));
        await new Promise((done) => busy.close(done));
    });
});

test('without a program the tests say so at once', () => {
    const env = { ...process.env, DRAGOMAN_BIN: '/no/such/program' };
    for (const command of ['e2e', 'hostile']) {
        const { status, stderr } = spawnSync('./dev', [command], { cwd: root, encoding: 'utf8', timeout: 60000, env });
        assert.equal(status, 1, command);
        assert.match(stderr, /there is no program \/no\/such\/program/);
    }
    const file = spawnSync(process.execPath, ['tests/e2e/10_edge.test.mjs'], { cwd: root, encoding: 'utf8', timeout: 60000, env });
    assert.notEqual(file.status, 0);
    assert.match(file.stdout + file.stderr, /run \.\/dev build, or set DRAGOMAN_BIN/);
});
