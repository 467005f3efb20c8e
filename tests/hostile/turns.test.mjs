// A client holds the turn of an entity whose backend is slow, and many wait for it: those of other entities are not delayed, no more
// wait than may, and who goes away leaves a free place.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { clients, sleep, startGateway } from '../e2e/harness.mjs';
import { startBackend, stopAll } from './kit.mjs';

const WAITERS = 256; // TURN_WAITERS_MAX of src/flow/turns.h
const LEAVERS = 40;

describe('turns', () => {
    let backend, gateway, all, release;
    let atOnce = 0, most = 0;
    const held = new Promise((done) => { release = done; });
    const isSlow = (url) => url.startsWith('/v1/patients/slow');

    before(async () => {
        backend = await startBackend(async ({ url }) => {
            if (isSlow(url)) {
                most = Math.max(most, ++atOnce);
                await held;
                atOnce--;
            }
            const id = /^\/v1\/patients\/([^?/]+)/.exec(url)?.[1];
            return { json: { id, brand_id: 'acme', first_name: 'A', last_name: 'B', date_of_birth: '2010-05-15', metadata: {}, created_at: '2024-01-01T00:00:00.000Z', updated_at: '2024-01-01T00:00:00.000Z' } };
        });
        gateway = await startGateway({ seed: false, set: { 'backend.url': backend.url, workers: 2 } });
        all = clients(gateway);
        all.graph.judged = false; // this backend says little
    });
    after(() => stopAll(gateway, backend));

    /** On a connection of its own: its status, once it has one, and how to go away. */
    function update(id) {
        const body = JSON.stringify({ phone: '1', hat: '1' });
        const one = { status: undefined };
        const sent = http.request({ port: gateway.port, host: '127.0.0.1', method: 'PATCH', path: `/v1/patients/${id}`, agent: false,
            headers: { authorization: `Bearer ${all.graph.token}`, 'content-type': 'application/json', 'content-length': body.length } });
        one.answered = new Promise((done) => {
            sent.on('response', (answer) => { one.status = answer.statusCode; answer.resume(); answer.on('end', done); });
            sent.on('error', done);
        });
        one.leave = () => sent.destroy();
        sent.end(body);
        return one;
    }
    const until = async (what, fits) => {
        for (let i = 0; !(await fits()); i++) {
            assert.ok(i < 400, what);
            await sleep(25);
        }
    };

    const inFlight = async (count) => await gateway.metric('dragoman_in_flight') === count;

    test('who waits for a slow entity delays nobody else, and leaves room', async () => {
        const first = update('slow');
        await until('the backend is asked', () => atOnce === 1);
        const waiting = Array.from({ length: WAITERS + 20 }, () => update('slow'));
        const refused = () => waiting.filter(({ status }) => status === 503).length;
        await until('those that are too many are refused', () => refused() === 20);

        for (let i = 0; i < 50; i++)
            await all.graph.patch(`/v1/patients/other-${i}`, { phone: '1', hat: '1' }, 200);
        assert.equal(atOnce, 1, 'they were answered while that one waited');

        const patient = waiting.filter(({ status }) => status === undefined);
        patient.slice(0, LEAVERS).forEach((one) => one.leave());
        await until('who left is noticed', () => inFlight(1 + WAITERS - LEAVERS));
        const later = Array.from({ length: LEAVERS }, () => update('slow'));
        await until('they wait', () => inFlight(1 + WAITERS));
        assert.deepEqual(later.filter(({ status }) => status !== undefined), [], 'there is room for as many');
        assert.equal(refused(), 20);

        release();
        const staying = [first, ...patient.slice(LEAVERS), ...later];
        await Promise.all(staying.map(({ answered }) => answered));
        assert.ok(staying.every(({ status }) => status === 200), `${staying.map(({ status }) => status)}`);
        assert.equal(most, 1, 'at the backend at once');
        assert.equal(backend.asked.filter(({ url }) => isSlow(url)).length, staying.length, 'who left is not written');
    });
});
