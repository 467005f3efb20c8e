// What Twine's documentation says of resources that belong together: what they start with, whose they are, what is shown at both ends.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backendCall } from './backend_kit.mjs';
import { clients, idsOf, person, sleep, startGateway } from './harness.mjs';

const at = (day) => `2024-03-${String(day).padStart(2, '0')}T00:00:00.000Z`;
const ref = (type, id) => ({ data: { type, id } });

describe('rewards', () => {
    let gateway, twine;

    before(async () => {
        gateway = await startGateway();
        ({ twine } = clients(gateway));
    });
    after(() => gateway.stop());

    test('an activation is active, and a programme has the defaults of its schema, unless sent', async () => {
        const make = async (type, attributes, relationships, status) => (await twine.post(`/pub/${type}`, { data: { type, attributes, relationships } }, status ?? 200)).json.data;
        const { id: group } = await make('group', { name: 'Rewarded' }, undefined, 201);
        const { first_name, last_name } = person();
        const patient = await make('patient', { first_name, last_name }, { groups: { data: [{ type: 'group', id: group }] } }, 201);
        const program = await make('reward_program', { name: 'Steps', start_at: at(1), end_at: at(30), budget_value: 100 }, { group: ref('group', group) });
        const of = { patient: ref('patient', patient.id), reward_program: ref('reward_program', program.id) };
        assert.equal((await make('reward_program_activation', { activated_at: at(2) }, of)).attributes.active, true);
        assert.equal((await make('reward_program_activation', { activated_at: at(2), active: false }, of)).attributes.active, false);
    });
});

describe('plans', () => {
    const WORD = 'Keptbeside';
    let gateway, all, number = 0;

    before(async () => {
        gateway = await startGateway();
        all = clients(gateway);
    });
    after(() => gateway.stop());

    const make = async (type, attributes, relationships, status) =>
        (await all.twine.post(`/pub/${type}`, { data: { type, attributes, relationships } }, status ?? (type === 'bundle' ? 200 : 201))).json.data;
    const get = async (type, id, status) => (await all.twine.get(`/pub/${type}/${id}`, status)).json.data;
    const patch = async (type, id, relationships, status) => (await all.twine.patch(`/pub/${type}/${id}`, { data: { type, id, relationships } }, status)).json.data;
    const item = (title, more = {}) => ({ type: 'weight', title, effective_from: at(1), ...more });
    const planned = async () => {
        const email = `planned.${++number}@example.com`;
        await all.general.post('/v1/patients', { patient: person({ email }) });
        const { twine, graph } = await idsOf(all, email);
        await backendCall(gateway, 'POST', '/v1/plans', { patient_id: graph });
        const { json: { data: [{ id }] } } = await all.twine.get(`/pub/patient_plan_summary?filter[patient]=${twine}`);
        return { twine, graph, plan: ref('patient_plan_summary', id), id };
    };

    test('an action that joins a plan is its patient\'s: shown in the plan, in no other, and erased with the patient', async () => {
        const [mine, hers] = [await planned(), await planned()];
        const action = await make('action', item(`${WORD}-title`, { note: `${WORD}-note` }));
        assert.equal(action.relationships.plan.data, undefined);
        await patch('action', action.id, { plan: mine.plan });
        assert.deepEqual((await get('patient_plan_summary', mine.id)).relationships.actions.data, [{ type: 'action', id: action.id }]);

        await patch('action', action.id, { plan: hers.plan }, 409);
        assert.deepEqual((await get('action', action.id)).relationships.plan.data, mine.plan.data);
        const { json } = await all.twine.get(`/pub/patient_plan_summary/${hers.id}?include=actions`);
        assert.deepEqual([json.data.relationships.actions.data, json.included], [[], []]);

        const loose = await make('bundle', item('Loose'), { actions: { data: [{ type: 'action', id: action.id }] } });
        await patch('bundle', loose.id, { plan: hers.plan }, 409);
        assert.equal((await get('bundle', loose.id)).relationships.plan.data, undefined, 'it would show her what is in it');
        await gateway.client('patient-graph', { scope: 'admin:patients' }).delete(`/v1/patients/${mine.graph}`);
        await get('action', action.id, 404);
        assert.deepEqual((await get('bundle', loose.id)).relationships.actions.data, [], 'what stays does not name it');
        const kept = () => readdirSync(gateway.stateDir).filter((name) => /\.db/.test(name) && readFileSync(join(gateway.stateDir, name)).includes(WORD));
        for (const end = Date.now() + 90000; kept().length > 0; await sleep(200)) assert.ok(Date.now() < end, `${kept()} still have it`);
    });

    test('an action in bundles is an action of theirs, and the other way round, whichever end says it', async () => {
        const { plan } = await planned();
        const [morning, evening] = [await make('bundle', item('Morning'), { plan }), await make('bundle', item('Evening'), { plan })];
        const list = (type, ...of) => ({ data: of.map(({ id }) => ({ type, id })) });
        const one = await make('action', item('One'), { plan, bundles: list('bundle', morning, evening) });
        const two = await make('action', item('Two', { details: { dose: 1.5 } }), { plan });
        const actionsOf = async ({ id }) => (await get('bundle', id)).relationships.actions.data;
        const bundlesOf = async ({ id }) => (await get('action', id)).relationships.bundles.data;
        assert.deepEqual([await actionsOf(morning), await actionsOf(evening)], [list('action', one).data, list('action', one).data]);
        assert.deepEqual((await get('bundle', morning.id)).attributes._actions, [one.id]);

        await patch('bundle', morning.id, { actions: list('action', two, one) });
        assert.deepEqual(await actionsOf(morning), list('action', two, one).data, 'in the order that was sent');
        assert.deepEqual(await bundlesOf(two), list('bundle', morning).data);
        await patch('bundle', morning.id, { actions: list('action', two) });
        assert.deepEqual(await bundlesOf(one), list('bundle', evening).data);
        await patch('action', two.id, { bundles: { data: [] } });
        assert.deepEqual([await actionsOf(morning), await actionsOf(evening)], [[], list('action', one).data]);
        assert.deepEqual((await get('action', two.id)).attributes.details, { dose: 1.5 });
    });
});
