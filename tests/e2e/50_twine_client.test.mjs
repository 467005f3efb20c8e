// The unmodified npm client @datafire/twinehealth against the real binary: its own validation of what it sends, its own
// reading of what it gets. Each answer is a JSON:API 1.0 document.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { backendCall } from './backend_kit.mjs';
import { ACME, clients, person, sleep, startGateway } from './harness.mjs';
import { checkJsonApi, hex24, moment } from './shapes.mjs';

const require = createRequire(import.meta.url);
const twinehealth = require('@datafire/twinehealth');

// After its first action the client would throw `id "" resolves to more than one schema`: its ajv reads the `id`s of
// examples. A fresh ajv for each action leaves the package as it is.
const ajv = require('datafire/src/util/ajv');
twinehealth.allActions.forEach((action) => { action.ajv = ajv.getInstance(); });

const MISSING = '000000000000000000000000';
const at = (day) => `2024-03-${String(day).padStart(2, '0')}T09:00:00.000Z`;
const ref = (type, id) => ({ data: { type, id } });

describe('the npm client of Twine', () => {
    let gateway, client, token, account, twine, graph, patient, patientId, group;
    const ran = new Set();

    /** Runs an action of the client; its answer is a JSON:API document. */
    async function run(name, input = {}, as = account) {
        const got = await twinehealth.create(as)[name](input);
        assert.equal(typeof got, 'object', `${name}: the client read JSON`);
        checkJsonApi(got);
        assert.match(got.meta.req_id, /^[0-9a-f-]{36}$/);
        ran.add(name);
        return got;
    }

    /** Runs an action that must fail with a status; the errors. */
    async function fails(status, name, input = {}, as = account) {
        const error = await twinehealth.create(as)[name](input).then((got) => assert.fail(`${name}: ${JSON.stringify(got)}`), (e) => e);
        assert.equal(error.statusCode, status, `${name}: ${error.message} ${error.body}`);
        const answer = JSON.parse(error.body);
        checkJsonApi(answer);
        answer.errors.forEach((one) => assert.equal(one.status, String(status)));
        return answer.errors;
    }

    /** A create, compared with what a read of it says. The client insists on an id here and there; "" is none. */
    async function makes(create, read, data) {
        const { data: made } = await run(create, { body: { data: { id: '', ...data } } });
        assert.match(made.id, hex24);
        assert.equal(made.type, data.type);
        for (const [name, value] of Object.entries(data.attributes)) assert.deepEqual(made.attributes[name], value, `${create}: ${name}`);
        for (const [name, value] of Object.entries(data.relationships ?? {})) assert.deepEqual(made.relationships[name].data, value.data, `${create}: ${name}`);
        assert.deepEqual((await run(read, { id: made.id })).data, made, `${read} shows what ${create} answered`);
        return made;
    }

    /** A list in which these are, in this order, and that counts itself. */
    async function lists(name, input, ...wanted) {
        const got = await run(name, input);
        const ids = wanted.map((one) => one.id);
        assert.deepEqual(got.data.filter((one) => ids.includes(one.id)), wanted, name);
        assert.ok(got.meta.count >= got.data.length, `${name} counts ${got.meta.count}`);
        return got;
    }

    /** What the backend holds though no dialect can create it; the canonical row. */
    const stored = (collection, row) => backendCall(gateway, 'POST', `/v1/${collection}`, row);

    async function newPatient(attributes = {}) {
        const { first_name, last_name } = person();
        const { data } = await run('createPatient', { body: { data: { type: 'patient', attributes: { first_name, last_name, ...attributes }, relationships: { groups: { data: [{ type: 'group', id: group.id }] } } } } });
        return data;
    }

    before(async () => {
        gateway = await startGateway();
        ({ twine, graph } = clients(gateway));
        client = JSON.parse(gateway.cli('client', 'add', '--name', 'datafire', '--brand', 'acme'));
        gateway.secrets.add(client.client_secret);
        await sleep(1100); // a record added by another process is seen within one second
        account = { host: `http://127.0.0.1:${gateway.port}` };
        token = (await run('createToken', { body: { data: { type: 'token', attributes: { grant_type: 'client_credentials', client_id: client.client_id, client_secret: client.client_secret } } } })).data;
        account = { ...account, access_token: token.attributes.access_token };
        Object.values(token.attributes).filter((value) => String(value).length > 20).forEach((value) => gateway.secrets.add(value));
        group = (await run('createGroup', { body: { data: { type: 'group', id: '', attributes: { name: 'DataFire', bio: 'a client' } } } })).data;
        patient = await newPatient({ identifiers: [{ system: 'DataFire', value: '50' }] });
        patientId = (await backendCall(gateway, 'GET', `/v1/patients?brand_id=acme&external_id=${encodeURIComponent('DataFire|50')}`)).patients[0].id;
    });
    after(() => gateway.stop());

    test("the token's own organization and groups", async () => {
        assert.deepEqual(token.relationships.organization.data, { type: 'organization', id: ACME });
        assert.equal((await run('fetchTokenOrganization', { id: token.id })).data.id, ACME);
        assert.deepEqual((await run('fetchTokenGroups', { id: token.id })).data, [], 'it is bound to none');
        await fails(404, 'fetchTokenGroups', { id: MISSING });
    });

    test('a token that is over is refreshed by the client', async () => {
        const expired = { ...account, access_token: 'over', refresh_token: token.attributes.refresh_token, client_id: client.client_id, client_secret: client.client_secret, refresh_url: `${account.host}/pub/oauth/token` };
        assert.equal((await run('fetchOrganization', { id: ACME }, expired)).data.id, ACME);
    });

    test('organization and groups', async () => {
        assert.equal((await run('fetchOrganization', { id: ACME })).data.attributes.name, 'Acme Health');
        assert.deepEqual((await run('fetchGroup', { id: group.id })).data, group);
        await lists('fetchGroups', { 'filter[organization]': ACME }, group);
        assert.deepEqual((await run('fetchGroups', { 'filter[organization]': ACME, 'filter[name]': 'DataFire' })).data, [group]);
    });

    test('patients', async () => {
        assert.deepEqual((await run('fetchPatient', { id: patient.id })).data, patient);
        await lists('fetchPatients', { 'filter[groups]': group.id }, patient);
        assert.deepEqual((await run('fetchPatients', { 'filter[organization]': ACME, 'filter[identifier][system]': 'DataFire', 'filter[identifier][value]': '50' })).data, [patient]);
        const other = await newPatient();
        const change = { note: 'calls back', birth_date: '1984-02-29', phone_numbers: [{ type: 'home', value: '555-0123', primary: true }] };
        const { data: changed } = await run('updatePatient', { id: other.id, body: { data: { type: 'patient', id: other.id, attributes: change } } });
        for (const [name, value] of Object.entries(change)) assert.deepEqual(changed.attributes[name], value);
        assert.deepEqual((await run('fetchPatient', { id: other.id })).data, changed);
        assert.deepEqual((await run('fetchPatientGroups', { id: other.id })).data, [group]);
        const [twice] = await fails(409, 'createPatient', { body: { data: { type: 'patient', attributes: { first_name: 'A', last_name: 'B', identifiers: [{ system: 'DataFire', value: '50' }] }, relationships: { groups: { data: [] } } } } });
        assert.equal(twice.code, 'InvalidBodyParameter');
    });

    test('an upsert makes, then updates', async () => {
        const query = { identifier: { system: 'Upsert|\\', value: '1|' }, groups: [group.id] };
        const say = (attributes) => ({ body: { meta: { query }, data: { type: 'patient', attributes } } });
        const { data: made, meta } = await run('upsertPatient', say({ first_name: 'Ada', last_name: 'Up', note: 'new' }));
        assert.deepEqual(meta.ignored, []);
        assert.deepEqual(made.attributes.identifiers, [query.identifier]);
        assert.deepEqual(made.relationships.groups.data, [{ type: 'group', id: group.id }]);
        const { data: changed } = await run('upsertPatient', say({ note: 'again' }));
        assert.deepEqual([changed.id, changed.attributes.first_name, changed.attributes.note], [made.id, 'Ada', 'again']);
        assert.deepEqual((await run('fetchPatient', { id: made.id })).data, changed);
        query.groups = [MISSING];
        assert.equal((await fails(409, 'upsertPatient', say({ note: 'x' })))[0].source.pointer, '/meta/query');
    });

    test('equal upserts at once make one patient', async () => {
        for (let round = 0; round < 3; round++) {
            const query = { identifier: { system: 'AtOnce', value: String(round) }, groups: [group.id] };
            const body = { meta: { query }, data: { type: 'patient', attributes: { first_name: 'Ada', last_name: 'Once' } } };
            const made = await Promise.all(Array.from({ length: 6 }, () => run('upsertPatient', { body })));
            assert.equal(new Set(made.map(({ data }) => data.id)).size, 1);
            const found = await run('fetchPatients', { 'filter[organization]': ACME, 'filter[identifier][system]': 'AtOnce', 'filter[identifier][value]': String(round) });
            assert.deepEqual(found.data.map(({ id }) => id), [made[0].data.id]);
        }
    });

    test('coaches', async () => {
        const { id: provider } = await backendCall(gateway, 'POST', '/v1/providers', { brand_id: 'acme', name: 'Maria del Mar Vega', type: 'doctor' });
        await backendCall(gateway, 'POST', `/v1/patients/${patientId}/providers`, { provider_id: provider, relationship: 'primary' });
        const { data: [coach] } = await run('fetchPatientCoaches', { id: patient.id });
        assert.deepEqual([coach.type, coach.attributes], ['coach', { first_name: 'Maria del Mar', last_name: 'Vega' }]);
        assert.deepEqual((await run('fetchCoach', { id: coach.id })).data, coach);
        await lists('fetchCoaches', { 'filter[organization]': ACME }, coach);
        await lists('fetchCoaches', { 'filter[groups]': group.id }, coach);
    });

    test('health metrics', async () => {
        const of = { patient: ref('patient', patient.id) };
        const { data: made } = await run('createPatientHealthMetric', { body: { data: { type: 'patient_health_metric', id: '', attributes: { type: 'weight', value: 70.5, unit: 'kg', occurred_at: at(1) }, relationships: of } } });
        assert.equal(made.attributes.value, 70.5);
        assert.deepEqual((await run('fetchPatientHealthMetric', { id: made.id })).data, made);
        const { data: pressure } = await run('createPatientHealthMetric', { body: { data: { type: 'patient_health_metric', id: '', attributes: { type: 'blood_pressure', systolic: 120, diastolic: 80, occurred_at: at(2) }, relationships: { patient: { data: { type: 'patient', meta: { query: { identifier: { system: 'DataFire', value: '50' }, organization: ACME } } } } } } } });
        assert.equal(pressure.relationships.patient.data.id, patient.id);
        await lists('fetchPatientHealthMetrics', { 'filter[patient]': patient.id }, made, pressure);
        await lists('fetchPatientHealthMetrics', { 'filter[groups]': group.id, 'page[size]': 50 }, made, pressure);
        const [fault] = await fails(409, 'createPatientHealthMetric', { body: { data: { type: 'patient_health_metric', id: '', attributes: { type: 'weight', value: 1 }, relationships: { patient: ref('patient', MISSING) } } } });
        assert.match(fault.source.pointer, /^\/data\/relationships\/patient/);
    });

    test('plans, actions, bundles, results', async () => {
        const plan = await stored('plans', { patient_id: patientId, time_zone: 'America/New_York', critical: { weight: true }, effective_from: at(1), window_order: [{ type: 'morning', _actions: [] }] });
        const { data: [summary] } = await run('fetchPatientPlanSummaries', { 'filter[patient]': patient.id });
        assert.equal(summary.attributes.time_zone, plan.time_zone);
        assert.deepEqual(summary.relationships.patient.data, { type: 'patient', id: patient.id });
        assert.deepEqual((await run('fetchPatientPlanSummary', { id: summary.id })).data, summary);

        const of = { plan: ref('patient_plan_summary', summary.id) };
        const action = await makes('createAction', 'fetchAction', { type: 'action', attributes: { type: 'other_lifestyle', title: 'Walk', effective_from: at(2), tracking: true, frequency_goal: { weeks: { days: [1, 3] } }, windows: [{ type: 'morning' }] }, relationships: of });
        const { data: renamed } = await run('updateAction', { id: action.id, body: { data: { type: 'action', id: action.id, attributes: { type: 'other_lifestyle', title: 'Run', effective_from: at(2) } } } });
        assert.equal(renamed.attributes.title, 'Run');
        assert.equal(renamed.attributes.tracking, true);
        assert.deepEqual((await run('fetchAction', { id: action.id })).data, renamed);
        for (const details of [{ drug: 'a', dose: { value: 1, unit: 'mg' } }, { drug: 'b', dose: { value: 2 } }, {}]) {
            const { data } = await run('updateAction', { id: action.id, body: { data: { type: 'action', id: action.id, attributes: { type: 'other_lifestyle', title: 'Run', effective_from: at(2), details } } } });
            assert.deepEqual(data.attributes.details, details);
        }

        const bundle = await makes('createBundle', 'fetchBundle', { type: 'bundle', attributes: { type: 'weight', title: 'Mornings', effective_from: at(2) }, relationships: of });
        const { data: later } = await run('updateBundle', { id: bundle.id, body: { data: { type: 'bundle', id: bundle.id, attributes: { type: 'weight', title: 'Evenings', effective_from: at(2), effective_to: at(20) } } } });
        assert.equal(later.attributes.effective_to, at(20));
        assert.deepEqual((await run('fetchBundle', { id: bundle.id })).data, later);

        const zone = { type: 'patient_plan_summary', id: summary.id, attributes: { time_zone: 'UTC' } };
        const relationships = { actions: { data: [] }, bundles: { data: [] }, patient: ref('patient', patient.id) };
        const { data: moved } = await run('updatePatientPlanSummary', { id: summary.id, body: { data: { ...zone, relationships } } });
        assert.equal(moved.attributes.time_zone, 'UTC');
        assert.deepEqual(moved.attributes.critical, plan.critical);

        const actionId = (await backendCall(gateway, 'GET', '/v1/actions')).actions.find((one) => one.title === 'Run').id;
        await stored('results', { patient_id: patientId, action_id: actionId, type: 'weight', metric_type: 'weight', occurred_at: at(4), thread: 'daily', skipped: false, data: { value: 70 } });
        const { data: [result] } = await run('fetchPatientHealthResults', { 'filter[patient]': patient.id });
        assert.deepEqual(result.attributes.data, { value: 70 });
        assert.deepEqual(result.relationships.action.data, { type: 'action', id: action.id });
        assert.deepEqual((await run('fetchPatientHealthResult', { id: result.id })).data, result);
        await lists('fetchPatientHealthResults', { 'filter[patient]': patient.id, 'filter[actions]': action.id, 'filter[start_at]': at(1), 'filter[end_at]': at(9), 'filter[threads]': 'daily,weekly' }, result);
        assert.deepEqual((await run('fetchPatientHealthResults', { 'filter[patient]': patient.id, 'filter[start_at]': at(5) })).data, []);

        // One answer with all that a plan has: each of them linked (JSON:API section 5.4), the earlier result not current.
        await stored('results', { patient_id: patientId, action_id: actionId, occurred_at: at(3), data: { value: 71 } });
        const all = 'include=actions,bundles,patient,current_results'; // the client itself takes one name
        const whole = (await twine.get(`/pub/patient_plan_summary/${summary.id}?${all}`)).json;
        const { actions, bundles, current_results } = whole.data.relationships;
        assert.deepEqual([actions.data, bundles.data, current_results.data].map((list) => list.map(({ id }) => id)), [[action.id], [bundle.id], [result.id]]);
        assert.deepEqual(whole.included.map(({ type, id }) => `${type} ${id}`).sort(), [`action ${action.id}`, `bundle ${bundle.id}`, `patient ${patient.id}`, `result ${result.id}`]);
        assert.deepEqual(whole.included.find(({ type }) => type === 'result'), result);
        const listed = (await twine.get(`/pub/patient_plan_summary?filter[patient]=${patient.id}&${all}`)).json;
        assert.deepEqual([listed.data, listed.included], [[whole.data], whole.included]);
        assert.deepEqual((await run('fetchPatientPlanSummary', { id: summary.id, include: 'current_results' })).included, [result]);
    });

    test('health profiles, questions, answers, definitions', async () => {
        await stored('question_definitions', { id: '21', category: 'preventative_care', text: 'Do you smoke?', format: { type: 'choice', data: [{ label: 'No', value: 0 }] }, requirements: [] });
        const profile = await stored('health_profiles', { patient_id: patientId, stats: [{ category: 'overall', answered: 1, total: 2 }] });
        const answer = await stored('health_profile_answers', { patient_id: patientId, question_id: '21', latest: { answered_at: at(3), value: 0 }, history: [] });
        await stored('health_profile_questions', { patient_id: patientId, profile_id: profile.id, question_definition_id: '21', answer_id: answer.id });

        for (const filter of [{ 'filter[patient]': patient.id }, { 'filter[groups]': group.id }, { 'filter[organization]': ACME }]) {
            const { data: [one] } = await run('fetchHealthProfiles', filter);
            assert.deepEqual(one.attributes.stats, profile.stats);
            assert.deepEqual((await run('fetchHealthProfile', { id: one.id })).data, one);
        }
        const { data: [{ relationships: { questions } }], included } = await run('fetchHealthProfiles', { 'filter[patient]': patient.id, include: 'questions' });
        assert.deepEqual(questions.data, included.map(({ type, id }) => ({ type, id })));
        assert.deepEqual(questions.data.map(({ type }) => type), ['health_profile_question']);
        const { data: [answered] } = await run('fetchHealthProfileAnswers', { 'filter[patient]': patient.id });
        assert.equal(answered.attributes.question_id, '21');
        assert.deepEqual(answered.attributes.latest, answer.latest);
        assert.deepEqual((await run('fetchHealthProfileAnswer', { id: answered.id })).data, answered);
        const { data: [question] } = await run('fetchHealthProfileQuestions', { 'filter[patient]': patient.id });
        assert.deepEqual(question.relationships.answer.data, { type: 'health_profile_answer', id: answered.id });
        assert.deepEqual(question.relationships.question_definition.data, { type: 'health_question_definition', id: '21' });
        assert.deepEqual((await run('fetchHealthProfileQuestion', { id: question.id })).data, question);
        const { data: definitions } = await run('fetchHealthQuestionDefinitions');
        const { data: definition } = await run('fetchHealthQuestionDefinition', { id: '21' });
        assert.deepEqual(definitions, [definition]);
        assert.equal(definition.attributes.text, 'Do you smoke?');
        await fails(404, 'fetchHealthQuestionDefinition', { id: '22' });
    });

    test('rewards, from the programme to the fulfilment', async () => {
        const program = await makes('createRewardProgram', 'fetchRewardProgram', { type: 'reward_program', attributes: { name: 'Steps', start_at: at(1), end_at: at(30), budget_value: 100.5, budget_unit: 'point' }, relationships: { group: ref('group', group.id) } });
        assert.deepEqual([program.attributes.duration_active, program.attributes.fulfill_as_earned, program.attributes.frozen], [540, false, false]);
        assert.deepEqual((await run('fetchRewardProgramGroup', { id: program.id })).data, group);
        await lists('fetchRewardPrograms', { 'filter[organization]': ACME }, program);
        await lists('fetchRewardPrograms', { 'filter[groups]': group.id }, program);

        const activation = await makes('createRewardProgramActivation', 'fetchRewardProgramActivation', { type: 'reward_program_activation', attributes: { activated_at: at(2) }, relationships: { patient: ref('patient', patient.id), reward_program: ref('reward_program', program.id) } });
        await lists('fetchRewardProgramActivations', { 'filter[patient]': patient.id }, activation);
        const reward = await makes('createReward', 'fetchReward', { type: 'reward', attributes: { _thread: 'steps', description: '1000 steps', allocated_value: 5, allocated_at: at(3) }, relationships: { reward_program_activation: ref('reward_program_activation', activation.id) } });
        assert.equal(reward.relationships.patient.data.id, patient.id, 'the patient of the activation');
        await lists('fetchRewards', { 'filter[patient]': patient.id }, reward);
        await lists('fetchRewards', { 'filter[organization]': ACME, 'filter[thread]': 'steps', 'filter[reward_program_activation]': activation.id }, reward);
        assert.deepEqual((await run('fetchRewards', { 'filter[patient]': patient.id, 'filter[thread]': 'other' })).data, []);
        const earning = await makes('createRewardEarning', 'fetchRewardEarning', { type: 'reward_earning', attributes: { earned_value: 5, earned_at: at(4) }, relationships: { reward: ref('reward', reward.id) } });
        assert.deepEqual(Object.entries(earning.relationships).map(([name, { data: { id } }]) => [name, id]).sort(), [['group', group.id], ['patient', patient.id],
            ['reward', reward.id], ['reward_program_activation', activation.id]], 'what it is known by');
        await lists('fetchRewardEarnings', { 'filter[groups]': group.id, 'filter[patient]': patient.id }, earning);
        const fulfilled = await makes('createRewardEarningFulfillment', 'fetchRewardEarningFulfillment', { type: 'reward_earning_fulfillment', attributes: { fulfilled_value: 5, fulfilled_at: at(5) }, relationships: { reward_earning: ref('reward_earning', earning.id) } });
        await lists('fetchRewardEarningFulfillments', { 'filter[patient]': patient.id }, fulfilled);
    });

    test('calendar events are encounters', async () => {
        const owner = { owner: ref('patient', patient.id) };
        const make = (attributes) => run('createCalendarEvent', { body: { data: { type: 'calendar_event', attributes: { attendees: [{ user: patient.id }], ...attributes }, relationships: owner } } });
        const made = [];
        for (const [n, [type, encounter_type]] of [['office-visit', 'office_visit'], ['video-call', 'telehealth'], ['telephone-call', 'telehealth'], ['plan-check-in', 'other'], ['reminder', 'other']].entries()) {
            const attributes = { type, title: `Event ${n}`, start_at: at(10 + n), description: 'to talk', all_day: type === 'plan-check-in', time_zone: 'America/New_York', location: 'Room 1' };
            const { data } = await make(attributes);
            for (const [name, value] of Object.entries(attributes)) assert.deepEqual(data.attributes[name], value, name);
            assert.deepEqual(data.attributes.attendees, [{ user: patient.id }]);
            assert.deepEqual(data.relationships.owner.data, owner.owner.data);
            assert.deepEqual((await run('fetchCalendarEvent', { id: data.id })).data, data);
            const seen = (await graph.get(`/v1/patients/${patientId}/encounters`)).json.encounters.at(-1);
            assert.deepEqual([seen.encounter_type, seen.chief_complaint, seen.notes, seen.scheduled_at], [encounter_type, `Event ${n}`, 'to talk', at(10 + n)]);
            made.push(data);
        }
        await lists('fetchCalendarEvents', { 'filter[patient]': patient.id }, ...made);
        await lists('fetchCalendarEvents', { 'filter[groups]': group.id }, ...made);
        await lists('fetchCalendarEvents', { 'filter[organization]': ACME, 'page[size]': 50, 'filter[start_at]': `${at(10)}..${at(12)}` }, made[0], made[1]);
        const select = async (filter) => (await run('fetchCalendarEvents', { 'filter[patient]': patient.id, ...filter })).data;
        assert.deepEqual(await select({ 'filter[type]': 'office-visit' }), [made[0]]);
        assert.deepEqual(await select({ 'filter[start_at]': `${at(11)}..${at(13)}` }), [made[1], made[2]]);
        assert.deepEqual(await select({ 'filter[created_at]': `2000-01-01T00:00:00Z..${made[0].attributes.created_at}` }), []);

        const [visit, , call, checkIn] = made;
        const change = (id, attributes) => run('updateCalendarEvent', { id, body: { data: { type: 'calendar_event', id, attributes } } });
        const { data: moved } = await change(call.id, { title: 'Later', start_at: at(20), location: 'Room 2' });
        assert.deepEqual(moved.attributes, { ...call.attributes, title: 'Later', start_at: at(20), location: 'Room 2', updated_at: moved.attributes.updated_at });
        assert.match(moved.attributes.updated_at, moment);
        const { data: same, meta } = await change(call.id, { type: 'reminder' });
        assert.equal(same.attributes.type, 'telephone-call', 'the type never changes');
        assert.deepEqual(meta.ignored, ['/data/attributes/type'], 'and nothing else that was sent');
        // A plan-check-in is a whole day and has no end, when it is made and ever after; what is shown may be written back.
        const rule = { type: 'plan-check-in', title: 'x', start_at: at(1), attendees: [] };
        for (const [attributes, member] of [[{}, 'all_day'], [{ all_day: false }, 'all_day'], [{ all_day: null }, 'all_day'], [{ all_day: true, end_at: at(1) }, 'end_at']]) {
            const { json } = await twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes: { ...rule, ...attributes }, relationships: owner } }, 409);
            assert.deepEqual(json.errors.map(({ code, source }) => [code, source.pointer]), [['InvalidBodyParameter', `/data/attributes/${member}`]]);
        }
        for (const attributes of [{ all_day: false }, { all_day: null }, { end_at: at(14) }]) {
            const { json } = await twine.patch(`/pub/calendar_event/${checkIn.id}`, { data: { type: 'calendar_event', id: checkIn.id, attributes } }, 409);
            assert.deepEqual(json.errors.map(({ source }) => source.pointer), [`/data/attributes/${Object.keys(attributes)[0]}`]);
        }
        assert.deepEqual((await change(checkIn.id, checkIn.attributes)).data, checkIn);
        const { data: done } = await change(checkIn.id, { completed_at: at(21) });
        assert.equal(done.attributes.completed_at, at(21));
        assert.deepEqual(await select({ 'filter[completed_at]': `${at(21)}..${at(22)}` }), [done]);
        assert.deepEqual(await select({ 'filter[completed]': true }), [done]);
        assert.equal((await select({ 'filter[completed]': false })).length, 4);
        // The client sends no null; whoever does takes the completion back.
        const { data: undone } = (await twine.patch(`/pub/calendar_event/${checkIn.id}`, { data: { type: 'calendar_event', id: checkIn.id, attributes: { completed_at: null, completed_by: null } } })).json;
        assert.equal('completed_at' in undone.attributes, false);
        assert.deepEqual(await select({ 'filter[completed]': true }), []);
        await twine.patch(`/pub/calendar_event/${call.id}`, { data: { type: 'calendar_event', id: visit.id, attributes: { title: 'x' } } }, 409);
        for (const lacks of ['attendees', 'start_at', 'title', 'type']) {
            const { [lacks]: _, ...attributes } = { type: 'reminder', title: 'x', start_at: at(1), attendees: [] };
            const { json } = await twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes, relationships: owner } }, 409);
            assert.deepEqual(json.errors.map((error) => error.source.pointer), [`/data/attributes/${lacks}`]);
        }
        const [title] = await fails(409, 'createCalendarEvent', { body: { data: { type: 'calendar_event', attributes: { type: 'reminder', title: '', start_at: at(1), attendees: [] }, relationships: owner } } });
        assert.equal(title.source.pointer, '/data/attributes/title');
        await fails(409, 'createCalendarEvent', { body: { data: { type: 'calendar_event', attributes: { type: 'reminder', title: 'x', start_at: at(1), attendees: [] }, relationships: { owner: ref('patient', MISSING) } } } });

        const { data: answer } = await run('createCalendarEventResponse', { body: { data: { type: 'calendar_event_response', attributes: { attendee: { user: patient.id }, response_status: 'accepted' }, relationships: { user: ref('patient', patient.id), calendar_event: ref('calendar_event', visit.id) } } } });
        assert.deepEqual([answer.attributes.response_status, answer.relationships.calendar_event.data.id, answer.relationships.user.data.id], ['accepted', visit.id, patient.id]);

        assert.equal((await run('deleteCalendarEvent', { id: visit.id })).data, undefined);
        await fails(404, 'fetchCalendarEvent', { id: visit.id });
        await fails(404, 'deleteCalendarEvent', { id: visit.id });
        const lab = (await graph.post(`/v1/patients/${patientId}/encounters`, { brand_id: 'acme', encounter_type: 'lab', chief_complaint: 'Blood' })).json;
        const shown = (await select({ 'filter[type]': 'office-visit' })).at(-1);
        assert.deepEqual([shown.attributes.type, shown.attributes.title, shown.attributes.attendees, shown.attributes.start_at], ['office-visit', lab.chief_complaint, [], lab.created_at]);
    });

    test('e-mail', async () => {
        const { id: sender } = await backendCall(gateway, 'POST', '/v1/providers', { brand_id: 'acme', name: 'Noor', type: 'doctor' });
        await backendCall(gateway, 'POST', `/v1/patients/${patientId}/providers`, { provider_id: sender, relationship: 'specialist' });
        const coach = (await run('fetchPatientCoaches', { id: patient.id })).data.find((one) => one.attributes.last_name === 'Noor');
        assert.equal('first_name' in coach.attributes, false);
        for (const [n, email_type] of ['welcome', 'digest', 'welcome'].entries())
            await stored('email_messages', { patient_id: patientId, receiver_id: patientId, ...(n ? { sender_id: sender } : {}), twine_email_id: `e${n}`, email_address: 'a@example.com', email_type, send_time: at(8 - n), status_times: { delivered: at(9) } });
        const { data: mails } = await run('fetchEmailHistories', { 'filter[receiver]': patient.id });
        const ids = (list) => list.map((mail) => mail.attributes.twine_email_id);
        assert.deepEqual(ids(mails), ['e2', 'e1', 'e0'], 'by the time of sending');
        assert.deepEqual(mails[0].relationships.sender.data, { type: 'coach', id: coach.id });
        assert.equal(mails[2].relationships.sender.data, undefined);
        assert.deepEqual(mails[2].relationships.receiver.data, { type: 'patient', id: patient.id });
        assert.deepEqual((await run('fetchEmailHistory', { id: mails[0].id })).data, mails[0]);
        assert.deepEqual(ids((await run('fetchEmailHistories', { 'filter[receiver]': patient.id, sort: '-send_time' })).data), ['e0', 'e1', 'e2']);
        assert.deepEqual(ids((await run('fetchEmailHistories', { 'filter[sender]': coach.id })).data), ['e2', 'e1']);
        assert.deepEqual(ids((await run('fetchEmailHistories', { 'filter[sender]': coach.id, 'filter[emailType]': 'digest' })).data), ['e1']);
    });

    test('whoever is not known: 401', async () => {
        for (const stranger of [{ host: account.host }, { host: account.host, access_token: 'none' }]) {
            const [error] = await fails(401, 'fetchPatient', { id: patient.id }, stranger);
            assert.deepEqual([error.code, error.detail], ['Unauthorized', 'A valid bearer token is required']);
        }
    });

    test('what is not there: 404', async () => {
        for (const action of twinehealth.allActions.map((a) => a.id.split('/')[1]).filter((name) => ran.has(name) && /^fetch/.test(name)))
            if (twinehealth.allActions.find((a) => a.id.endsWith(`/${action}`)).inputSchema.required?.join() === 'id' && action !== 'fetchOrganization')
                assert.equal((await fails(404, action, { id: MISSING }))[0].code, 'ResourceNotFound');
    });

    test('what is not valid: 409', async () => {
        for (const list of ['fetchPatients', 'fetchCoaches', 'fetchHealthProfiles', 'fetchHealthProfileAnswers', 'fetchHealthProfileQuestions', 'fetchPatientHealthMetrics', 'fetchPatientPlanSummaries', 'fetchRewards', 'fetchRewardPrograms', 'fetchRewardProgramActivations', 'fetchCalendarEvents', 'fetchEmailHistories'])
            assert.equal((await fails(409, list))[0].code, 'InvalidParameter', list);
        const [range] = await fails(409, 'fetchPatients', { 'filter[organization]': ACME, 'filter[created_at]': 'yesterday' });
        assert.equal(range.source.parameter, 'filter[created_at]');
        const [title] = await fails(409, 'createAction', { body: { data: { type: 'action', id: '', attributes: { type: 'other_lifestyle', title: ' ', effective_from: at(1) } } } });
        assert.deepEqual([title.code, title.source.pointer], ['InvalidBodyParameter', '/data/attributes/title']);
    });

    test('every action of the client ran', () => {
        const actions = twinehealth.allActions.map((action) => action.id.split('/')[1]).filter((name) => !name.startsWith('oauth'));
        assert.equal(actions.length, 62);
        assert.deepEqual(actions.filter((name) => !ran.has(name)), []);
    });
});
