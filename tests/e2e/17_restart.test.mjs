// A new start under a service manager that holds the listening socket (systemd's socket units): nobody is refused, no request is lost.
// Without one: two gateways do not share a port, and a port is free as soon as its gateway has stopped.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { binary, clients, environment, freePorts, request, root, sanitized, sleep, startGateway } from './harness.mjs';
import { underManager } from './manager.mjs';

describe('a restart under a service manager', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway({ under: underManager() });
        all = clients(gateway);
    });
    after(() => gateway.stop());

    test('refuses nobody and loses nothing', async () => {
        const { json } = await all.general.get('/v1/patients');
        const path = `/v1/patients/${json.patients[0].id}`;
        const headers = { 'x-user-token': all.general.token };
        let running = true;
        const answered = [];
        const client = async () => {
            while (running) {
                const { status } = await request(gateway.port, 'GET', path, { headers, agent: false }); // a connection for each
                answered.push(status);
            }
        };
        const starts = () => gateway.output('stderr').match(/serving on/g).length;
        const asking = Array.from({ length: 8 }, client);
        for (let round = 1; round <= (sanitized ? 1 : 3); round++) {
            const before = answered.length;
            while (answered.length < before + 50) await sleep(5);
            gateway.process.kill('SIGUSR1');
            while (starts() < round + 1) await sleep(5);
        }
        const before = answered.length;
        while (answered.length < before + 50) await sleep(5);
        running = false;
        await Promise.all(asking); // a connection refused or cut off fails here
        assert.deepEqual([...new Set(answered)], [200]);
    });
});

describe('the port of a gateway that runs', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    /** A gateway with a state and other ports of its own, which is not expected to run long. */
    const startAnother = async (listen) => {
        const state = mkdtempSync(join(tmpdir(), 'dragoman-other-'));
        const [admin, backend] = await freePorts(2);
        const set = gateway.settings({ listen, 'admin.listen': `127.0.0.1:${admin}`, 'backend.listen': `127.0.0.1:${backend}`, state_dir: state });
        try {
            return await new Promise((done) => {
                const options = { cwd: root, env: environment, timeout: sanitized ? 20000 : 5000, killSignal: 'SIGKILL' };
                execFile(binary, ['serve', '-c', gateway.config, ...set], options, (error, stdout, stderr) => done({ code: error?.code ?? 0, stderr }));
            });
        } finally {
            rmSync(state, { recursive: true });
        }
    };

    test('is refused to another one, and the first goes on', async () => {
        for (const address of ['127.0.0.1', '0.0.0.0']) {
            const { code, stderr } = await startAnother(`${address}:${gateway.port}`);
            assert.match(stderr, new RegExp(`listen: ${address}:${gateway.port}: Address already in use`));
            assert.equal(code, 1);
        }
        for (let i = 0; i < 50; i++) await request(gateway.port, 'GET', '/v1/patients', { headers: { 'x-user-token': all.general.token }, agent: false })
            .then(({ status }) => assert.equal(status, 200));
    });

    test('can be had at once after a stop', async () => {
        for (let round = 0; round < 3; round++) {
            await Promise.all(Array.from({ length: 8 }, () => all.general.get('/v1/patients'))); // connections that the gateway closes
            gateway.process.ref();
            gateway.process.kill('SIGTERM');
            assert.deepEqual(await gateway.ended, { code: 0, signal: null });
            await gateway.launch();
        }
        await all.general.get('/v1/patients');
    });
});
