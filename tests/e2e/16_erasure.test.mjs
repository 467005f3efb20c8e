// Who was erased is in no file of the gateway afterwards: neither in a database nor in its write-ahead log.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ANY, clients, idsOf, sleep, startGateway, withEmail } from './harness.mjs';

const WORD = 'Erasedperson';
const PATIENCE_MS = 90_000; // a log is emptied within a second of quiet, and within a minute in any case

describe('erasure', () => {
    let gateway, all;
    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    const filesWith = (word) => readdirSync(gateway.stateDir).filter((name) => readFileSync(join(gateway.stateDir, name)).includes(word));

    test('leaves nothing in a file', async () => {
        const email = `${WORD}@example.com`.toLowerCase();
        const body = withEmail(email);
        Object.assign(body.patient, { first_name: WORD, unnamed_member: `kept ${WORD}` });
        await all.general.post('/v1/patients', body, 201);
        const ids = await idsOf(all, email);
        await all.twine.patch(`/pub/patient/${ids.twine}`, { data: { type: 'patient', id: ids.twine, attributes: { unnamed_attribute: `also ${WORD}` } } });
        await all.general.post(`/v1/patients/${ids.general}/gauges`, { gauge: { gauge_type: 'mood', value: 1, unnamed_note: WORD } }, ANY);
        for (const base of ['backend.db', 'gateway.db']) assert.ok(filesWith(WORD).some((name) => name.startsWith(base)), `it was in ${base}`);
        const admin = gateway.client('patient-graph', { scope: 'admin:patients' });
        assert.equal((await admin.delete(`/v1/patients/${ids.graph}`)).json.status, 'deleted');
        for (const end = Date.now() + PATIENCE_MS; filesWith(WORD).length > 0; await sleep(100))
            assert.ok(Date.now() < end, `${filesWith(WORD)} still have it`);
        assert.deepEqual(filesWith(email), []);
    });
});
