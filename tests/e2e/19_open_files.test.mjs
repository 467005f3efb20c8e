// Open files: what systemd gives a service is 1,024 at first, and up to 524,288 for who asks. And memory, which may be too little.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, clients, root, sleep, startGateway } from './harness.mjs';

/** That many connections that say nothing; those that the gateway refuses are closed. */
async function connect(port, count) {
    const sockets = [];
    for (let i = 0; i < count; i++) {
        const socket = net.connect(port, '127.0.0.1').on('error', () => {});
        sockets.push(socket);
        if (i % 50 === 49) await sleep(20);
    }
    await sleep(1200); // the listeners' rest when there are no descriptors
    return sockets;
}

async function serves(gateway, connections) {
    const all = clients(gateway);
    const sockets = await connect(gateway.port, connections);
    const left = sockets.pop();
    left.destroy();
    assert.equal((await gateway.admin('/readyz')).status, 200);
    assert.doesNotMatch(gateway.output('stderr'), /Too many open files/);
    const got = [await gateway.metric('dragoman_connections'), await gateway.metric('dragoman_connections_refused_total')];
    sockets.forEach((socket) => socket.destroy());
    await sleep(100);
    await all.general.get('/v1/patients/1049');
    return got;
}

test('the program asks for as many as it may have', async () => {
    const gateway = await startGateway({ under: () => ['sh', '-c', 'ulimit -Sn 200; exec "$@"', '-'] });
    const [open, refused] = await serves(gateway, 500);
    assert.ok(open >= 499, `${open} open`);
    assert.equal(refused, 0);
    await gateway.stop();
});

test('if those are few, clients get fewer connections, and the admin pages and the backend keep theirs', async () => {
    const gateway = await startGateway({ set: { 'backend.connections': '10', 'limits.connections_per_address': '0' }, under: () => ['sh', '-c', 'ulimit -n 600; exec "$@"', '-'] });
    assert.match(gateway.output('stderr'), /limits\.connections: for lack of open files \(ulimit -n\) \d+ connections are accepted, not 20000/);
    const [open, refused] = await serves(gateway, 700);
    assert.ok(open > 100 && refused > 100, `${open} open, ${refused} refused`);
    await gateway.stop();
});

test('where memory is too little it says so and ends', (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'dragoman-memory-'));
    const under = (kb, ...words) => spawnSync('sh', ['-c', `ulimit -c 0; ulimit -v ${kb}; exec "$@"`, '-', binary, ...words], { cwd: root, encoding: 'utf8', timeout: 20000 });
    if (under(50000, '--version').status !== 0) return t.skip('the program alone is larger, as with a sanitizer');
    for (const kb of [30000, 50000, 60000, 80000, 100000, 120000]) {
        const { status, signal, stderr } = under(kb, 'serve', '-c', join(root, 'conf/dragoman.yaml'), '--set', `state_dir=${dir}`);
        assert.deepEqual([status, signal], [1, null], `${kb} KiB: ${stderr}`);
        assert.match(stderr, /no more memory|no thread|Cannot allocate|out of memory/, `${kb} KiB`);
    }
    rmSync(dir, { recursive: true });
});
