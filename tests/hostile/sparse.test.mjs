// A backend that does not say whose its answers are: every operation that reads (matrix.mjs), where the member that tells the patient, the
// group or the brand is missing in all that the backend says. It believes the gateway, so that nothing else protects anybody.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { signToken } from '../e2e/backend_kit.mjs';
import { request } from '../e2e/harness.mjs';
import { loadOperations, makeWorld, startAttacked } from './matrix.mjs';

/** What is shown to who is bound although no `patient_id` is there: a patient says its id; the path names it; or it is nobody's but the brand's or a group's. */
const of = (dialect, names) => names.split(' ').map((name) => `${dialect} ${name}`);
const PATIENTS = [...of('fhir', 'readPatient searchPatients'), ...of('general', 'listPatients showPatient'), ...of('patient-graph', 'listPatients showPatient showPatientSafe'), ...of('twine', 'fetchPatients fetchPatient')];
const OF_PATH = [...of('patient-graph', 'listMetricKeys showMetricSeries listEncounters listTimeline listPatientProviders listMedications'), ...of('twine', 'fetchPatientGroups')];
const OF_BRAND = of('twine', 'fetchTokenGroups fetchGroups fetchGroup fetchPatientCoaches fetchCoach fetchCoaches fetchHealthQuestionDefinitions fetchHealthQuestionDefinition fetchRewardPrograms fetchRewardProgram fetchRewardProgramGroup');

describe('a backend that does not say whose its answers are', () => {
    let gateway, stop, reads, mine, hers, missing = '';
    before(async () => {
        let store;
        ({ store, gateway, stop } = await startAttacked(true, () => missing));
        reads = loadOperations().filter(({ method, row }) => method === 'GET' && !row.open && !row.none);
        [mine, hers] = [await makeWorld(store, 'acme', `canary-m${randomBytes(6).toString('hex')}`), await makeWorld(store, 'acme', `canary-h${randomBytes(6).toString('hex')}`)];
        const csv = join(gateway.stateDir, 'sparse.csv');
        writeFileSync(csv, ['dialect,kind,brand,dialect_id,canonical_id', ...mine.lines, ...hers.lines, ''].join('\n'));
        gateway.cli('crosswalk', 'import', csv);
    });
    after(() => stop());

    const BOUND = { patient: (world) => ({ patient_id: [world.canonical.patient] }), group: (world) => ({ groups: [world.canonical.group] }), nothing: () => ({}) };
    async function ask(o, bound, world) {
        const token = signToken(gateway, { aud: 'dragoman', sub: 'sparse', brand_id: 'acme', jti: mine.canonical.token, scope: o.scopes.join(' '), ...BOUND[bound](mine) });
        const path = o.row.to.replace(/<[=~]?(\w+)>/g, (_, kind) => encodeURIComponent(world.ids[o.dialect][kind])).replaceAll(' ', '%20');
        return request(gateway.port, 'GET', path, { headers: { host: `${o.dialect}.localhost`, ...(o.dialect === 'general' ? { 'x-user-token': token } : { authorization: `Bearer ${token}` }) }, agent: gateway.agent });
    }
    /** By whom something of one's own was seen, with that member missing. */
    async function seen(member, bound) {
        missing = member;
        const shown = [];
        for (const o of reads.filter(({ row }) => (bound === 'patient' ? !row.bound : !row.grouped && !row.me))) {
            for (const world of [mine, hers]) {
                const got = await ask(o, bound, world), what = `${o.label}, bound to a ${bound}, without ${member}, of ${world.name}: ${got.status} ${got.text}`;
                assert.ok([200, 403, 404, 502].includes(got.status), what);
                if (bound !== 'nothing') assert.ok(!new RegExp(`(?<!brand-|q-)${hers.name}`).test(got.text), what);
                if (world === mine && got.status === 200 && (got.text.includes(mine.name) || got.text.includes(mine.canonical.patient))) shown.push(o.label);
            }
        }
        return shown;
    }

    test('s30_what_does_not_say_whose_it_is_is_nobody_s', async () => {
        const whole = { patient: await seen('', 'patient'), group: await seen('', 'group'), nothing: await seen('', 'nothing') };
        for (const shown of Object.values(whole)) assert.ok(shown.length > 25, `what is whole is shown: ${shown}`);
        for (const bound of ['patient', 'group']) {
            const left = await seen('patient_id', bound), lost = whole[bound].filter((label) => !left.includes(label));
            assert.ok(lost.length > 15, `without a patient: ${lost}`);
            assert.deepEqual(left.filter((label) => ![...PATIENTS, ...OF_PATH, ...OF_BRAND].includes(label)), [], 'what names no patient, without one');
        }
        assert.deepEqual((await seen('group_id', 'group')).filter((label) => /RewardProgram$/.test(label)), [], 'without a group');
        assert.deepEqual(await seen('brand_id', 'nothing'), ['patient-graph listMetricKeys', 'patient-graph listPatientProviders', 'twine fetchTokenGroups'], 'without a brand');
    });
});
