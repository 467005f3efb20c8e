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
        const every = (end, work) => Promise.all(Array.from({ length: CLIENTS }, async (_, n) => {
            for (let turn = n; Date.now() < end; turn++, requests++) await work[turn % work.length]();
        }));
        const samples = [];
        const sampler = (async () => {
            while (Date.now() < until) {
                await sleep(seconds * 100);
                samples.push(residentKb(gateway.process.pid));
            }
        })();
        await Promise.all([every(until, turns), sampler]);
        const created = ids.general.size + ids.twine.size + ids.graph.size;
        // New patients fill caches, so some growth is right while they are made, and so it is when all read at once for the first
        // time; to go on reading what is there must not add any.
        await every(Date.now() + seconds * 125, turns.slice(3));
        const settled = residentKb(gateway.process.pid);
        await every(Date.now() + seconds * 250, turns.slice(3));
        const afterwards = residentKb(gateway.process.pid);
        t.diagnostic(`${requests} turns, ${created} patients, resident ${samples.join(' ')} KB; reading only: ${settled} to ${afterwards} KB`);
        assert.ok(requests > CLIENTS, 'every client had its turn');
        if (!sanitized) {
            const grown = samples.at(-1) - samples[Math.floor(samples.length / 2)];
            assert.ok(grown < 8 * 1024 + created * 2, `resident memory grew by ${grown} KB in the second half, for ${created} patients in all`);
            assert.ok(afterwards - settled < 3 * 1024, `reading alone took ${afterwards - settled} KB more`);
        }
        assert.equal(await gateway.metric('dragoman_requests_total', { status: '500' }), 0);
        await gateway.stop();
    });
});
