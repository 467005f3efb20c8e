// What must not be served: a configuration with a fault. Who may see the inside: nobody outside. And what the built program is like.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { binary, request, root, sanitized, startGateway } from '../e2e/harness.mjs';
import { startBackend } from './kit.mjs';

describe('configuration', () => {
    let folder;
    const file = (name) => join(folder, name);
    const run = (...args) => spawnSync(binary, args, { cwd: root, encoding: 'utf8', timeout: 20000 });
    before(() => {
        folder = mkdtempSync(join(tmpdir(), 'dragoman-configuration-'));
        cpSync(join(root, 'mappings'), file('mappings'), { recursive: true });
        writeFileSync(file('good.yaml'), `mappings: ${file('mappings')}\n`);
    });
    after(() => rmSync(folder, { recursive: true }));

    test('s55_the_inside_is_on_another_listener', async () => {
        const gateway = await startGateway();
        for (const path of ['/metrics', '/healthz', '/readyz', '/debug', '/status', '/explain', '/admin', '/server-status', '/.env', '/v1/../metrics'])
            for (const headers of [{}, { host: 'general.localhost' }, { host: `127.0.0.1:${gateway.adminPort}` }, { 'x-forwarded-for': '127.0.0.1' }])
                assert.ok((await request(gateway.port, 'GET', path, { headers })).status >= 400, path);
        for (const path of ['/v1/patients', '/oauth/token', '/pub/patient', '/']) assert.equal((await gateway.admin(path)).status, 404, path);
        assert.ok((await request(gateway.adminPort, 'POST', '/metrics')).status >= 400);
        // Loopback unless somebody says otherwise: no other address of this machine answers.
        const outside = Object.values(networkInterfaces()).flat().find((i) => !i.internal && i.family === 'IPv4')?.address;
        for (const port of outside ? [gateway.adminPort, gateway.backendPort] : []) {
            const open = await new Promise((done) => { const s = net.connect(port, outside, () => { s.destroy(); done(true); }); s.on('error', () => done(false)); });
            assert.equal(open, false, `${outside}:${port}`);
        }
        for (const line of ['listen: 127.0.0.1:9901', 'listen: 127.0.0.1:8081']) assert.ok(readFileSync(join(root, 'conf/dragoman.yaml'), 'utf8').includes(line), line);
        await gateway.stop();
    });

    test('s55_explain_touches_no_backend', async () => {
        const backend = await startBackend(() => ({ json: {} }));
        const args = ['explain', 'GET', '/v1/patients/1049', '-H', 'X-User-Token: x', '-c', 'conf/dragoman.yaml', '--set', `backend.url=${backend.url}`, '--set', `state_dir=${file('state')}`];
        run(...args);
        run('explain', 'POST', '/v1/patients', '-d', '{"patient":{"first_name":"a"}}', ...args.slice(5));
        assert.equal(backend.asked.length, 0);
        await backend.stop();
    });

    test('s56_what_is_wrong_is_refused_with_its_place', () => {
        writeFileSync(file('key.pem'), readFileSync(new URL(import.meta.url)), { mode: 0o644 });
        writeFileSync(file('secret'), 'x'.repeat(64), { mode: 0o644 });
        chmodSync(file('secret'), 0o644);
        const cases = { 'an unknown setting': ['lissten: x\n', /bad\.yaml:2:1: /], 'a setting twice': ['workers: 1\nworkers: 2\n', /bad\.yaml:3:1: /], 'a wrong type': ['workers: many\n', /bad\.yaml:2:10: /], 'a secret that others read': [`auth:\n  issuers:\n    - { issuer: x, keys: [{ file: ${file('secret')}, algorithm: HS256 }] }\n`, /secret/],
            'a client secret that others read': [`auth:\n  introspection: { url: "https://x.test/", client_id: x, secret_file: ${file('secret')} }\n`, /secret/], 'an alias': ['log: &a\n  level: info\nadmin: *a\n', /bad\.yaml:/], 'a second document': ['---\nworkers: 1\n', /bad\.yaml:/], 'a facade of nobody': ['facades: [{ dialect: nobody }]\n', /nobody/],
            'an algorithm of nobody': [`auth:\n  issuers:\n    - { issuer: x, keys: [{ file: ${file('secret')}, algorithm: none }] }\n`, /none/] };
        for (const [what, [text, place]] of Object.entries(cases)) {
            writeFileSync(file('bad.yaml'), `mappings: ${file('mappings')}\n${text}`);
            const { status, stderr } = run('check', '-c', file('bad.yaml'));
            assert.equal(status, 1, `${what}: ${stderr}`);
            assert.match(stderr, place, what);
            assert.ok(!stderr.includes('x'.repeat(20)), 'no secret is told');
        }
        assert.equal(run('check', '-c', file('good.yaml'), '--set', `state_dir=${file('state')}`).status, 0);
    });

    test('s56_mappings_with_a_fault_are_refused_with_their_place', () => {
        const dialect = file('mappings/general/dialect.yaml'), patient = file('mappings/general/patient.yaml');
        const cases = [['an operation without scopes', dialect, (t) => t.replace('    scopes: [read:patients]\n', ''), /dialect\.yaml:\d+:\d+: /], ['a route twice', dialect, (t) => t.replace('request: POST /v1/patients\n', 'request: GET /v1/patients\n'), /dialect\.yaml:\d+:\d+: /],
            ['a method beside it that exists', dialect, (t) => t.replace('    also: [PATCH]\n', '    also: [GET]\n'), /dialect\.yaml:\d+:\d+: /], ['a call of nobody', dialect, (t) => t.replace('call: patient.list', 'call: patient.lost'), /dialect\.yaml:\d+:\d+: /],
            ['a field that loses', patient, (t) => t.replace('is: phone', 'is: email'), /patient\.yaml:\d+:\d+: /], ['an unknown key', patient, (t) => t.replace('dialect: general', 'dialect: general\nsurprise: 1'), /patient\.yaml:\d+:\d+: /]];
        for (const [what, path, change, place] of cases) {
            const good = readFileSync(path, 'utf8'), bad = change(good);
            assert.notEqual(bad, good, what);
            writeFileSync(path, bad);
            const { status, stderr } = run('check', '-c', file('good.yaml'));
            writeFileSync(path, good);
            assert.equal(status, 1, `${what}: ${stderr}`);
            assert.match(stderr, place, what);
        }
    });

    test('s56_a_fault_stops_the_start_and_nothing_else', async () => {
        // No configuration is read again: a new one is a new start.
        const gateway = await startGateway();
        writeFileSync(file('bad.yaml'), 'lissten: x\n');
        const { status, stderr } = run('serve', '-c', file('bad.yaml'));
        assert.equal(status, 1);
        assert.equal(stderr.trim().split('\n').length, 1, stderr);
        gateway.process.kill('SIGHUP');
        await gateway.client('general').get('/v1/patients/1049');
        await gateway.stop();
    });

    test('s53_the_program_is_hardened', (t) => {
        if (sanitized || !binary.includes('release')) return t.diagnostic('a build for debugging is not');
        const elf = execFileSync('readelf', ['-hldnW', '--dyn-syms', binary], { encoding: 'utf8', maxBuffer: 1 << 26 });
        assert.match(elf, /Type:\s+DYN/, 'position independent');
        assert.match(elf, /GNU_RELRO/, 'relocations are read-only');
        assert.match(elf, /BIND_NOW|FLAGS_1.*NOW/, 'all of them, from the start');
        assert.match(elf, /GNU_STACK\s.*\sRW\s/, 'no code on the stack');
        assert.doesNotMatch(elf, /TEXTREL/);
        assert.match(elf, /__stack_chk_fail/, 'stacks are guarded');
        assert.match(elf, /__(vsnprintf|memcpy|snprintf|fprintf)_chk/, 'fortified');
        // Debian's start files carry no mark for it, so the linker leaves the mark away: the landing places themselves are counted.
        if (process.arch === 'x64') assert.ok(readFileSync(binary).toString('latin1').split('\xf3\x0f\x1e\xfa').length > 500, 'control flow is guarded');
    });
});
