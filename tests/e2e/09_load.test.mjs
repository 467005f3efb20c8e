// Issue 2, point 9: 200 clients creating and reading at once: no error, no duplicate id, no growth of memory after warm-up.
// Eight seconds when it gates a change; DRAGOMAN_LOAD_SECONDS=30 is the whole of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ACME, clients, person, sanitized, sleep, startGateway } from './harness.mjs';

const seconds = Number(process.env.DRAGOMAN_LOAD_SECONDS ?? 8);
const CLIENTS = sanitized ? 50 : 200;

const residentKb = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

describe('load', () => {
    test(`${CLIENTS} clients for ${seconds} s`, async (t) => {
        const gateway = await startGateway({ patients: 200, set: { 'log.access': 'off' } });
        const all = clients(gateway);
        const ids = { general: new Set(), twine: new Set(), graph: new Set() };
        const until = Date.now() + seconds * 1000;
        let requests = 0;
        const fresh = (set, id) => { assert.ok(!set.has(id), `id ${id} given twice`); set.add(id); return id; };
        const turns = [
            async () => {
                const patient = person();
                const { json } = await all.general.post('/v1/patients', { patient });
                fresh(ids.general, json.id);
                assert.equal((await all.general.get(`/v1/patients/${json.id}`)).json.last_name, patient.last_name);
            },
            async () => {
                const { first_name, last_name } = person();
                const { json } = await all.twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name, last_name } } });
                fresh(ids.twine, json.data.id);
                assert.equal((await all.twine.get(`/pub/patient/${json.data.id}`)).json.data.attributes.last_name, last_name);
            },
            async () => {
                const { first_name, last_name } = person();
                const { json } = await all.graph.post('/v1/patients', { brand_id: 'acme', first_name, last_name });
                fresh(ids.graph, json.id);
                assert.equal((await all.graph.get(`/v1/patients/${json.id}`)).json.last_name, last_name);
            },
            () => all.twine.get(`/pub/patient?filter[organization]=${ACME}`),
            () => all.general.get('/v1/patients?page=2'),
            () => all.general.get('/v1/patients/1049/gauges?gauge_type=mood'),
        ];
        const one = async (n) => {
            for (let turn = n; Date.now() < until; turn++, requests++) await turns[turn % turns.length]();
        };
        const running = Promise.all(Array.from({ length: CLIENTS }, (_, n) => one(n)));
        const samples = [];
        const sampler = (async () => {
            while (Date.now() < until) {
                await sleep(seconds * 100);
                samples.push(residentKb(gateway.process.pid));
            }
        })();
        await running;
        await sampler;
        t.diagnostic(`${requests} turns, ${ids.general.size + ids.twine.size + ids.graph.size} patients, resident ${samples.join(' ')} KB`);
        assert.ok(requests > CLIENTS, 'every client had its turn');
        // New patients fill caches, so some growth is right: what would not end is growth per request that is kept.
        const created = ids.general.size + ids.twine.size + ids.graph.size;
        const grown = samples.at(-1) - samples[Math.floor(samples.length / 2)];
        if (!sanitized) assert.ok(grown < 8 * 1024 + created * 4, `resident memory grew by ${grown} KB in the second half, for ${created} patients in all`);
        assert.equal(await gateway.metric('dragoman_requests_total', { status: '500' }), 0);
        await gateway.stop();
    });
});
