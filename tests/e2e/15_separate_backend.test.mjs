// docker/compose.yaml's arrangement without containers: the backend is a process of its own, the signing key is shared.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { binary, clients, document, environment, freePorts, request, root, sleep, startGateway } from './harness.mjs';

// A stop takes each thread when it next looks: until then it may still answer.
async function stopped(pid) {
    const threads = () => readdirSync(`/proc/${pid}/task`)
        .every((task) => / T /.test(readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1').replace(/^.*\)/s, '')));
    while (!threads()) await sleep(5);
}

describe('gateway and backend as two processes', () => {
    let dir, backend, ended, said = '', port, gateway, all;
    before(async () => {
        dir = mkdtempSync(join(tmpdir(), 'dragoman-two-'));
        [port] = await freePorts(1);
        const shared = ['-c', join(root, 'conf/dragoman.yaml'), '--set', `auth.signing_key=${join(dir, 'key.pem')}`];
        const own = [...shared, '--set', `state_dir=${join(dir, 'backend')}`, '--set', `backend.listen=127.0.0.1:${port}`];
        execFileSync(binary, ['seed', ...own], { cwd: root });
        backend = spawn(binary, ['backend', ...own], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], env: environment });
        backend.stderr.on('data', (data) => said += data);
        ended = new Promise((done) => backend.on('exit', (code, signal) => done({ code, signal })));
        for (let n = 0; n < 500; n++) {
            if (await request(port, 'GET', '/v1/patients').then((a) => a.status === 401, () => false)) break;
            await sleep(20);
        }
        // The gateway's own state knows nothing yet: ids are given as they are first shown.
        gateway = await startGateway({ seed: false, set: {
            'backend.url': `http://127.0.0.1:${port}`, 'auth.signing_key': join(dir, 'key.pem'), 'backend.first_byte_ms': '1500' } });
        all = clients(gateway);
    });
    after(async () => {
        await gateway.stop();
        backend.kill('SIGTERM');
        assert.deepEqual(await ended, { code: 0, signal: null });
        rmSync(dir, { recursive: true });
    });

    test('a patient created through one dialect is read through the others', async () => {
        const { json: created } = await all.general.post('/v1/patients', document('general-create.json'));
        assert.equal((await all.general.get(`/v1/patients/${created.id}`)).json.last_name, 'Doe');
        assert.ok((await all.graph.get('/v1/patients?brand_id=acme&limit=200')).json.patients.some((p) => p.created_at === created.created_at));
        assert.ok((await all.general.get('/v1/patients')).json.pagination.total_count > 1, 'the sample data too');
    });

    test('the backend refuses whoever has no token of the gateway', async () => {
        for (const headers of [{}, { authorization: `Bearer ${all.graph.token}` }])
            assert.equal((await request(port, 'GET', '/v1/patients?brand_id=acme', { headers })).status, 401);
    });

    test('the backend does not restart in place, and says so', async () => {
        backend.kill('SIGUSR2');
        for (let n = 0; n < 500 && !said.includes('SIGUSR2'); n++) await sleep(10);
        assert.match(said, /"level":"warn","message":"SIGUSR2: the backend alone does not restart in place; everything stays as it is"/);
        await all.graph.get('/v1/patients?brand_id=acme&limit=1', 200);
    });

    test('the gateway outlives its backend, and says so', async () => {
        backend.kill('SIGSTOP');
        await stopped(backend.pid);
        const { status } = await all.graph.get('/v1/patients?brand_id=acme&limit=1', null).finally(() => backend.kill('SIGCONT'));
        assert.ok([502, 503, 504].includes(status), String(status));
        await all.graph.get('/v1/patients?brand_id=acme&limit=1', 200);
    });
});
