// What the hostile tests start ends with them, whatever fails: a proxy that stays would hold its port and the file's time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, root, sanitized } from '../e2e/harness.mjs';

/** Processes that name the folder in their arguments. */
const remaining = (folder) => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try { return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder); } catch { return false; }
});

for (const [file, failing] of [['proxies_h2', 'token'], ['proxies_h2', 'seed'], ['proxies', 'seed'], ['tenancy', 'seed'], ['bearer', 'serve']])
    test(`what ${file} has started ends with it where ${failing} fails`, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'dragoman-failing-')), program = join(folder, sanitized ? 'asan' : 'program');
        writeFileSync(program, `#!/bin/sh\n[ "$1" != ${failing} ] || exit 1\nexec ${binary} "$@"\n`, { mode: 0o700 });
        const env = { ...process.env, DRAGOMAN_BIN: program, TMPDIR: folder };
        delete env.NODE_TEST_CONTEXT;
        const child = spawn(process.execPath, [join(root, `tests/hostile/${file}.test.mjs`)], { cwd: root, env, stdio: 'ignore' });
        const late = setTimeout(() => child.kill('SIGKILL'), 60000);
        const [code, signal] = await new Promise((done) => child.on('exit', (...end) => done(end)));
        clearTimeout(late);
        assert.deepEqual([code, signal], [1, null], 'it fails, and ends by itself');
        assert.deepEqual(remaining(folder), [], 'nothing that it started is left');
        rmSync(folder, { recursive: true, force: true });
    });
