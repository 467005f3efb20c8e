// Issue 2, point 8: killed in the middle of creates, every id that a client received still names its patient, and no two do.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ACME, ANY, binary, clients, person, root, sanitized, sleep, startGateway } from './harness.mjs';

const rounds = sanitized ? 2 : 3;

describe('kill -9', () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'dragoman-kill-'));
    after(() => rmSync(stateDir, { recursive: true, force: true }));

    test('during creates through two dialects', async () => {
        const general = new Map(); // id -> last name
        const twine = new Map();
        const gateway = await startGateway({ stateDir });
        for (let round = 0; round < rounds; round++) {
            const all = clients(gateway);
            let running = true;
            const create = async (post, map) => {
                while (running) {
                    const { id, name } = await post().catch(() => ({})); // the connection may die under it
                    if (id === undefined) continue;
                    assert.ok(!map.has(id), `id ${id} given twice`);
                    map.set(id, name);
                }
            };
            const one = async () => {
                const patient = person();
                const { json, status } = await all.general.post('/v1/patients', { patient }, ANY);
                return status === 201 ? { id: json.id, name: patient.last_name } : {};
            };
            const two = async () => {
                const { first_name, last_name } = person();
                const { json, status } = await all.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name, last_name } } }, ANY);
                return status === 201 ? { id: json.data.id, name: last_name } : {};
            };
            const workers = Array.from({ length: 16 }, (_, n) => n % 2 ? create(one, general) : create(two, twine));
            await sleep(400 + 300 * round);
            await gateway.kill9();
            running = false;
            await Promise.all(workers);
            gateway.agent.destroy();
            await gateway.launch();
            const again = clients(gateway);
            assert.ok(general.size > 0 && twine.size > 0, 'something was created');
            for (const [id, name] of general)
                assert.equal((await again.general.get(`/v1/patients/${id}`)).json.last_name, name, `General ${id}`);
            for (const [id, name] of twine)
                assert.equal((await again.twine.get(`/pub/patient/${id}`)).json.data.attributes.last_name, name, `Twine ${id}`);
        }
        // No id names two: every patient has one id in each dialect's list, each once.
        const all = clients(gateway);
        const seen = { general: [], twine: [] };
        for (let page = 1; ; page++) {
            const { patients } = (await all.general.get(`/v1/patients?page=${page}&page_size=100`)).json;
            seen.general.push(...patients.map((p) => p.id));
            if (patients.length < 100) break;
        }
        for (let page = 1; ; page++) {
            const { data } = (await all.twine.get(`/pub/patient?filter[organization]=${ACME}&page[number]=${page}&page[size]=50`)).json;
            seen.twine.push(...data.map((p) => p.id));
            if (data.length < 50) break;
        }
        for (const ids of Object.values(seen)) assert.equal(new Set(ids).size, ids.length);
        assert.equal(seen.general.length, seen.twine.length);
        await gateway.stop();
    });
});

test('one gateway at a time has a state_dir', async () => {
    const gateway = await startGateway();
    for (const command of ['serve', 'seed']) {
        const second = spawnSync(binary, [command, '-c', gateway.config, ...gateway.settings()],
            { cwd: root, encoding: 'utf8', timeout: 60000 });
        assert.equal(second.status, 1, second.stderr);
        assert.match(second.stderr, new RegExp(`gateway.lock: process ${gateway.process.pid} has it`));
    }
    assert.equal((await clients(gateway).general.get('/v1/patients')).status, 200);
    await gateway.stop();
});
