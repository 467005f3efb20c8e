// Every operation of every dialect as one good request: what matrix.test.mjs tries with the wrong token, and with entities of
// somebody else in the place of each entity that is named. A new operation needs a row here.
//
// to, body   the request, or form in place of the body. <kind> stands for the id of such an entity, in the dialect's own form; <n> for a new number
// <=kind>    the same id as in the path
// <~kind>    an id that the backend keeps as it is sent: it opens nothing, so that a foreign one is like any other text
// about      why no entity can be named; then the answers are searched for what is not the caller's
// many       an array of documents may stand in the place of the one
// me         about the caller's own patient: the token must be bound to exactly one
// bound      why a token bound to the patient itself may not: 403
// grouped    why a token bound to the patient's group may not: 403
// empty      why a list shows nothing
// absent     the status for an entity that is not there, if not 404: the answer is the same for all of those
// also       scopes of what it includes, besides those of the operation
// destroys   the entity is gone afterwards
// none       the embedded backend has no such call: 501
// open       why no token is needed
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { backendCall, signToken } from '../e2e/backend_kit.mjs';
import { binary, root, startGateway } from '../e2e/harness.mjs';

/** A place of a row, such as <patient>. */
export const MARK = /<([=~]?)(\w+)>/g;

const at = '2024-03-01T10:00:00.000Z';
const page = 'page[size]=50&page[number]=1';
const brand = 'filter[organization]=<brand>';
const all = `${brand}&filter[groups]=<group>`;
const ref = (type, kind = type) => ({ data: { type, id: `<${kind}>` } });
const resource = (type, attributes, relationships, id) => ({ data: { type, ...(id ? { id: `<=${id}>` } : {}), attributes, ...(relationships ? { relationships } : {}) } });
const plan = ref('patient_plan_summary', 'plan');

const WHOLE = 'the whole brand\'s: a list, filtered by what the token is bound to';
const NOBODYS = 'belongs to no patient: a token bound to patients makes none';
const UNREADABLE = 'no documented call reads one by its id, so whose it is cannot be judged before';
const BY_BACKEND = 'no call reads it, so that it cannot be judged before it is changed';

const twine = {
    createToken: { to: '/pub/oauth/token', open: 'this is where tokens come from', body: resource('oauth/token', { grant_type: 'client_credentials', client_id: '<client>', client_secret: '<secret>' }) },
    fetchTokenGroups: { to: '/pub/oauth/token/<token>/groups', empty: 'the token is bound to no group' },
    fetchTokenOrganization: { to: '/pub/oauth/token/<token>/organization' },
    fetchOrganization: { to: '/pub/organization/<brand>' },
    fetchGroups: { to: `/pub/group?${brand}` },
    createGroup: { to: '/pub/group', body: resource('group', { name: 'Group <n>' }), about: 'a new group names none', bound: NOBODYS, grouped: 'a token bound to groups makes no other' },
    fetchGroup: { to: '/pub/group/<group>' },
    fetchPatients: { to: `/pub/patient?${all}&${page}` },
    createPatient: { to: '/pub/patient', many: true, body: resource('patient', { first_name: 'Qanary', last_name: 'x' }, { groups: { data: [{ type: 'group', id: '<group>' }] }, coaches: { data: [{ type: 'coach', id: '<provider>' }] } }), bound: NOBODYS },
    upsertPatient: { to: '/pub/patient', body: { ...resource('patient', { note: 'n' }, { coaches: { data: [{ type: 'coach', id: '<provider>' }] } }), meta: { query: { identifier: { system: 'matrix', value: '<identifier>' }, groups: ['<group>'] } } } },
    fetchPatient: { to: '/pub/patient/<patient>' },
    updatePatient: { to: '/pub/patient/<patient>', body: resource('patient', { note: 'n' }, { groups: { data: [{ type: 'group', id: '<group>' }] }, coaches: { data: [{ type: 'coach', id: '<provider>' }] } }, 'patient') },
    fetchPatientHealthMetrics: { to: `/pub/patient_health_metric?${all}&filter[patient]=<patient>&${page}` },
    createPatientHealthMetric: { to: '/pub/patient_health_metric', many: true, body: { data: [resource('patient_health_metric', { type: 'weight', value: 1 }, { patient: ref('patient') }).data] } },
    fetchPatientHealthMetric: { to: '/pub/patient_health_metric/<metric>' },
    fetchPatientGroups: { to: '/pub/patient/<patient>/groups' },
    fetchPatientCoaches: { to: '/pub/patient/<patient>/coaches' },
    fetchCoach: { to: '/pub/coach/<provider>' },
    fetchCoaches: { to: `/pub/coach?${all}` },
    createAction: { to: '/pub/action', body: resource('action', { type: 'other_lifestyle', title: 'Walk', effective_from: at }, { plan, bundles: { data: [{ type: 'bundle', id: '<bundle>' }] } }) },
    fetchAction: { to: '/pub/action/<action>' },
    updateAction: { to: '/pub/action/<action>', body: resource('action', { title: 'Run <n>' }, { plan, bundles: { data: [{ type: 'bundle', id: '<bundle>' }] } }, 'action') },
    createBundle: { to: '/pub/bundle', body: resource('bundle', { type: 'weight', title: 'Mornings', effective_from: at }, { plan, actions: { data: [{ type: 'action', id: '<action>' }] } }) },
    fetchBundle: { to: '/pub/bundle/<bundle>' },
    updateBundle: { to: '/pub/bundle/<bundle>', body: resource('bundle', { title: 'Evenings <n>' }, { plan, actions: { data: [{ type: 'action', id: '<action>' }] } }, 'bundle') },
    fetchPatientPlanSummaries: { to: `/pub/patient_plan_summary?${all}&filter[patient]=<patient>&include=patient,actions,bundles`, also: ['read:patients'] },
    fetchPatientPlanSummary: { to: '/pub/patient_plan_summary/<plan>' },
    updatePatientPlanSummary: { to: '/pub/patient_plan_summary/<plan>', body: resource('patient_plan_summary', { time_zone: 'UTC' }, undefined, 'plan') },
    fetchHealthProfiles: { to: `/pub/health_profile?${all}&filter[patient]=<patient>&include=patient,questions&${page}`, also: ['read:patients'] },
    fetchHealthProfile: { to: '/pub/health_profile/<health_profile>?include=patient,questions', also: ['read:patients'] },
    fetchHealthProfileAnswers: { to: `/pub/health_profile_answer?${all}&filter[patient]=<patient>&include=patient&${page}`, also: ['read:patients'] },
    fetchHealthProfileAnswer: { to: '/pub/health_profile_answer/<health_profile_answer>?include=patient', also: ['read:patients'] },
    fetchHealthProfileQuestions: { to: `/pub/health_profile_question?${all}&filter[patient]=<patient>&include=question_definition,answer` },
    fetchHealthProfileQuestion: { to: '/pub/health_profile_question/<health_profile_question>?include=question_definition,answer' },
    fetchHealthQuestionDefinitions: { to: '/pub/health_question_definition', about: 'the brand\'s own list, no filter' },
    fetchHealthQuestionDefinition: { to: '/pub/health_question_definition/<question_definition>' },
    fetchResult: { to: '/pub/result/<result>' },
    fetchResults: { to: `/pub/result?filter[patient]=<patient>&filter[actions]=<action>&${page}` },
    createRewardProgram: { to: '/pub/reward_program', body: resource('reward_program', { name: 'Program', start_at: at, end_at: at, budget_value: 1 }, { group: ref('group') }), bound: NOBODYS },
    fetchRewardPrograms: { to: `/pub/reward_program?${all}` },
    fetchRewardProgram: { to: '/pub/reward_program/<reward_program>' },
    createRewardProgramActivation: { to: '/pub/reward_program_activation', body: resource('reward_program_activation', { activated_at: at }, { patient: ref('patient'), reward_program: ref('reward_program') }) },
    fetchRewardProgramActivations: { to: `/pub/reward_program_activation?${all}&filter[patient]=<patient>` },
    fetchRewardProgramActivation: { to: '/pub/reward_program_activation/<reward_program_activation>' },
    createReward: { to: '/pub/reward', body: resource('reward', { description: 'd', allocated_value: 1, allocated_at: at }, { reward_program_activation: ref('reward_program_activation') }) },
    fetchRewards: { to: `/pub/reward?${all}&filter[patient]=<patient>&filter[reward_program_activation]=<reward_program_activation>` },
    fetchReward: { to: '/pub/reward/<reward>' },
    createRewardEarning: { to: '/pub/reward_earning', many: true, body: { data: [resource('reward_earning', { earned_value: 1, earned_at: at }, { reward: ref('reward') }).data] } },
    fetchRewardEarnings: { to: '/pub/reward_earning?filter[patient]=<patient>&filter[groups]=<group>' },
    fetchRewardEarning: { to: '/pub/reward_earning/<reward_earning>' },
    createRewardEarningFulfillment: { to: '/pub/reward_earning_fulfillment', body: resource('reward_earning_fulfillment', { fulfilled_value: 1, fulfilled_at: at }, { reward_earning: ref('reward_earning') }) },
    fetchRewardEarningFulfillments: { to: '/pub/reward_earning_fulfillment?filter[patient]=<patient>' },
    fetchRewardEarningFulfillment: { to: '/pub/reward_earning_fulfillment/<reward_earning_fulfillment>' },
    fetchEmailHistory: { to: '/pub/email_history/<email_message>' },
    fetchEmailHistories: { to: '/pub/email_history?filter[receiver]=<patient>&filter[sender]=<provider>' },
    fetchCalendarEvents: { to: `/pub/calendar_event?${all}&filter[patient]=<patient>&include=owner&${page}`, also: ['read:patients'] },
    createCalendarEvent: { to: '/pub/calendar_event', body: resource('calendar_event', { type: 'office-visit', title: 'Visit', start_at: at, attendees: [] }, { owner: ref('patient') }) },
    fetchCalendarEvent: { to: '/pub/calendar_event/<encounter>' },
    updateCalendarEvent: { to: '/pub/calendar_event/<encounter>', body: resource('calendar_event', { title: 'Moved <n>' }, undefined, 'encounter') },
    deleteCalendarEvent: { to: '/pub/calendar_event/<encounter>', destroys: true },
    createCalendarEventResponse: { to: '/pub/calendar_event_response', body: resource('calendar_event_response', { attendee: 'a', response_status: 'accepted' }, { user: { data: { type: 'user', id: 'u' } }, calendar_event: ref('calendar_event', 'encounter') }) },
    fetchRewardProgramGroup: { to: '/pub/reward_program/<reward_program>/group' },
};

const graph = {
    listPatients: { to: '/v1/patients?brand_id=<brand>&limit=200' },
    createPatient: { to: '/v1/patients', body: { brand_id: '<brand>', first_name: 'Qanary', last_name: 'x' }, bound: NOBODYS },
    showPatient: { to: '/v1/patients/<patient>' },
    updatePatient: { to: '/v1/patients/<patient>', body: { gender: 'x' } },
    showPatientSafe: { to: '/v1/patients/<patient>/safe' },
    erasePatient: { to: '/v1/patients/<patient>', destroys: true, absent: 200 },
    listMetricKeys: { to: '/v1/patients/<patient>/metrics' },
    createMetric: { to: '/v1/patients/<patient>/metrics', body: { metric_key: 'mood', value_numeric: '3', source: 'api', recorded_at: at } },
    showMetricSeries: { to: '/v1/patients/<patient>/metrics/mood' },
    listEncounters: { to: '/v1/patients/<patient>/encounters' },
    createEncounter: { to: '/v1/patients/<patient>/encounters', body: { brand_id: '<brand>', encounter_type: 'lab', provider_id: '<~provider>' } },
    showEncounter: { to: '/v1/encounters/<encounter>' },
    putIntakeResponse: { to: '/v1/patients/<patient>/intake-response', body: { brand_id: '<brand>', responses: { smoker: false } } },
    listTimeline: { to: '/v1/patients/<patient>/timeline' },
    listPatientProviders: { to: '/v1/patients/<patient>/providers' },
    linkProvider: { to: '/v1/patients/<patient>/providers', body: { provider_id: '<provider>' } },
    createProvider: { to: '/v1/providers', body: { brand_id: '<brand>', name: 'Dr. Novak' }, bound: NOBODYS },
    listMedications: { to: '/v1/patients/<patient>/medications' },
    createMedication: { to: '/v1/patients/<patient>/medications', body: { brand_id: '<brand>', name: 'Aspirin', dosage: '1', frequency: 'daily', prescriber_id: '<~provider>' } },
    checkInteractions: { to: '/v1/patients/<patient>/medications/check-interactions', body: { name: 'Aspirin' }, none: true },
    updateMedicationStatus: { to: '/v1/medications/<medication>/status', body: { status: 'active' }, bound: UNREADABLE, grouped: UNREADABLE },
    listJournal: { to: '/v1/patients/me/journal?from=2024-05-01&to=2024-05-02', me: true },
    putJournal: { to: '/v1/patients/me/journal', body: { entry_date: '2024-05-01', mood: 3, energy: 5 }, me: true },
    showOnboarding: { to: '/v1/patients/me/onboarding', me: true },
    putOnboarding: { to: '/v1/patients/me/onboarding', body: { goals: ['sleep'] }, me: true },
    verifyAge: { to: '/v1/patients/me/age-verification', body: { date_of_birth: '1984-02-29' }, me: true },
    acknowledgeRuo: { to: '/v1/patients/me/ruo-acknowledgement', body: { statement_version: 'v2' }, me: true },
    showResearcherAcknowledgement: { to: '/v1/researcher-acknowledgements/me', me: true },
    putResearcherAcknowledgement: { to: '/v1/researcher-acknowledgements', body: { full_name: 'Qanary', ip_address: '10.1.2.3', source: 'web' }, me: true },
    listTreatments: { to: '/v1/patients/me/treatments', me: true, none: true },
    showProtocol: { to: '/v1/protocols/<protocol>', none: true },
    setProtocolCompounds: { to: '/v1/protocols/<protocol>/compounds', many: true, none: true, bound: BY_BACKEND, grouped: BY_BACKEND,
        body: [{ compound_id: '00000000-0000-4000-8000-000000000001', compound_slug: 's', display_name: 'n', dose_amount: 0.5, dose_unit: 'mg', route: 'oral', position: 0 }] },
    setProtocolSchedule: { to: '/v1/patients/<patient>/protocols/<protocol>/schedule', many: true, none: true,
        body: [{ protocol_compound_id: '00000000-0000-4000-8000-000000000001', days_of_week: [0], time_of_day: 'morning' }] },
    listProtocolOverrides: { to: '/v1/patients/<patient>/protocols/<protocol>/overrides', none: true },
    createDose: { to: '/v1/adherence/doses', body: { peptide_id: 'p', protocol_id: 'q', status: 'taken', scheduled_at: at }, me: true, none: true },
    showAdherenceSummary: { to: '/v1/adherence/summary?patient_id=<patient>&protocol_id=<protocol>', none: true },
    showStreak: { to: '/v1/adherence/streak/me', me: true, none: true },
    showCalendar: { to: '/v1/adherence/calendar?patient_id=<patient>&protocol_id=<protocol>', none: true },
    showTodaySchedule: { to: '/v1/adherence/today-schedule?patient_id=<patient>&date=2024-01-01&protocol_id=<protocol>', none: true },
    showResolvedCompounds: { to: '/v1/adherence/resolved-compounds?patient_id=<patient>&date=2024-01-01&protocol_id=<protocol>', none: true },
};

const update = { to: '/v1/patients/<patient>', body: { patient: { gender: 'x' } } };
const general = {
    listPatients: { to: '/v1/patients?page_size=100', about: WHOLE },
    createPatient: { to: '/v1/patients', body: { patient: { first_name: 'Qanary', last_name: 'x', date_of_birth: '1984-02-29' } }, about: 'a new patient names none', bound: NOBODYS },
    showPatient: { to: '/v1/patients/<patient>' },
    updatePatient: update,
    updatePatient_patch: update,
    listGauges: { to: '/v1/patients/<patient>/gauges' },
    createGauge: { to: '/v1/patients/<patient>/gauges', body: { gauge: { gauge_type: 'mood', value: 1 } } },
};

const subject = { reference: 'Patient/<patient>' };
const named = { resourceType: 'Patient', name: [{ family: 'x', given: ['Qanary'] }] };
const fhir = {
    capabilities: { to: '/fhir/metadata', open: 'what the server can do is public (R4, section 3.1.0.9)' },
    readPatient: { to: '/fhir/Patient/<patient>' },
    createPatient: { to: '/fhir/Patient', body: named, about: 'a new patient names none', bound: NOBODYS },
    updatePatient: { to: '/fhir/Patient/<patient>', body: { ...named, id: '<=patient>', identifier: [{ system: 'matrix', value: '<identifier>' }] } },
    searchPatients: { to: '/fhir/Patient?_id=<patient>' },
    searchPatientsByForm: { to: '/fhir/Patient/_search', form: '_id=<patient>' },
    readObservation: { to: '/fhir/Observation/<metric>' },
    createObservation: { to: '/fhir/Observation', body: { resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] }, subject, valueQuantity: { value: 1 } } },
    searchObservations: { to: '/fhir/Observation?patient=<patient>' },
    searchObservationsByForm: { to: '/fhir/Observation/_search', form: 'patient=<patient>' },
    readEncounter: { to: '/fhir/Encounter/<encounter>' },
    createEncounter: { to: '/fhir/Encounter', body: { resourceType: 'Encounter', status: 'planned', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject } },
    searchEncounters: { to: '/fhir/Encounter?_id=<encounter>&patient=<patient>' },
    searchEncountersByForm: { to: '/fhir/Encounter/_search', form: '_id=<encounter>&patient=<patient>' },
};

const oauth = {
    token: { to: '/oauth/token', open: 'this is where tokens come from', form: 'grant_type=client_credentials&client_id=<client>&client_secret=<secret>' },
    revoke: { to: '/oauth/revoke', open: 'the client\'s secret is asked for', form: 'token=x&client_id=<client>&client_secret=<secret>' },
    metadata: { to: '/.well-known/oauth-authorization-server', open: 'RFC 8414 section 3' },
    keys: { to: '/.well-known/jwks.json', open: 'public keys' },
};

export const rows = { general, twine, 'patient-graph': graph, fhir, oauth };

/** The operations of a dialect, from the mappings as they are loaded: a new one is there by being there. */
function load(dialect) {
    const api = JSON.parse(execFileSync(binary, ['openapi', '--dialect', dialect, '-c', 'conf/dragoman.yaml'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }));
    const prefix = api.servers[0].url === '/' ? '' : api.servers[0].url;
    return Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({
        dialect, name: operation.operationId, label: `${dialect} ${operation.operationId}`, method: method.toUpperCase(), path: prefix + path,
        row: rows[dialect]?.[operation.operationId], has_body: !!operation.requestBody, type: Object.keys(operation.requestBody?.content ?? {}),
        query: (operation.parameters ?? []).filter((p) => p.in === 'query').map((p) => p.name),
        done: Number(Object.keys(operation.responses).find((status) => status < '300')),
        scopes: [...operation.security?.flatMap((s) => Object.values(s).flat()) ?? [], ...rows[dialect]?.[operation.operationId]?.also ?? []],
    })));
}

export const loadOperations = () => readdirSync(join(root, 'mappings')).filter((name) => existsSync(join(root, 'mappings', name, 'dialect.yaml'))).flatMap(load);

/** Kinds that belong to the brand, or to a group of it: their documents name no patient (matrix.test.mjs looks). */
export const OF_BRAND = ['brand', 'provider', 'group', 'question_definition', 'reward_program', 'protocol', 'token'];

/** Of those, what belongs to a group. */
export const OF_GROUP = ['group', 'reward_program'];

const ORGANIZATIONS = { acme: '58c4554710123c5c40dbab81', globex: '58c88de7c93eb96357a87033' };
let numbers = 700000;

/** The canonical document of that kind of a world, as it is now. */
export async function read(gateway, { brand, reads }, kind) {
    const now = await backendCall(gateway, 'GET', reads[kind], undefined, { brand });
    return kind === 'medication' ? now.medications[0] : now;
}

/**
 * One patient of a brand, in a group of its own, and one entity of every kind that belongs to it. `ids.twine.plan` is what Twine
 * calls the plan; `rows` are lines for `dragoman crosswalk import`, from which these ids come.
 */
export async function makeWorld(gateway, brand, name) {
    const documents = {}, reads = {}, canonical = { brand, token: `token-${name}`, protocol: randomUUID(), identifier: `matrix-${name}` };
    const call = (method, path, body) => backendCall(gateway, method, path, body, { brand });
    const make = async (kind, path, body) => {
        documents[kind] = await call('POST', path, body);
        reads[kind] = `/v1/${path.split('/').at(-1)}/${documents[kind].id}`;
        return (canonical[kind] = documents[kind].id);
    };
    const patient_id = await make('patient', '/v1/patients', { brand_id: brand, first_name: 'Qanary', last_name: name, external_ids: { matrix: canonical.identifier } });
    const group_id = await make('group', '/v1/groups', { brand_id: brand, name: `Group of brand-${name}` });
    await call('PUT', `/v1/patients/${patient_id}/groups`, { group_ids: [group_id] });
    await make('metric', `/v1/patients/${patient_id}/metrics`, { metric_key: 'mood', value_numeric: '3', source: 'api', recorded_at: at });
    const encounter_id = await make('encounter', `/v1/patients/${patient_id}/encounters`, { brand_id: brand, encounter_type: 'office_visit', chief_complaint: `Visit ${name}`, scheduled_at: at });
    const provider_id = await make('provider', '/v1/providers', { brand_id: brand, name: `Dr. brand-${name}` });
    await call('POST', `/v1/patients/${patient_id}/providers`, { provider_id });
    await make('medication', `/v1/patients/${patient_id}/medications`, { brand_id: brand, name: `Aspirin ${name}`, dosage: `1 ${name}`, frequency: 'daily' });
    const plan_id = await make('plan', '/v1/plans', { patient_id, time_zone: 'UTC' });
    const action_id = await make('action', '/v1/actions', { patient_id, plan_id, type: 'other_lifestyle', title: `Walk ${name}`, effective_from: at });
    await make('bundle', '/v1/bundles', { patient_id, plan_id, type: 'weight', title: `Mornings ${name}`, effective_from: at });
    await make('result', '/v1/results', { patient_id, action_id, type: 'weight', occurred_at: at });
    await make('email_message', '/v1/email_messages', { patient_id, receiver_id: patient_id, sender_id: provider_id, email_type: 'welcome' });
    const profile_id = await make('health_profile', '/v1/health_profiles', { patient_id, stats: [] });
    const question_definition_id = await make('question_definition', '/v1/question_definitions', { id: `q-${name}`, category: `brand-${name}`, text: `brand-${name}` });
    const answer_id = await make('health_profile_answer', '/v1/health_profile_answers', { patient_id, question_id: question_definition_id, history: [] });
    await make('health_profile_question', '/v1/health_profile_questions', { patient_id, profile_id, question_definition_id, answer_id });
    const reward_program_id = await make('reward_program', '/v1/reward_programs', { group_id, name: `brand-${name}`, budget_value: 1 });
    const reward_program_activation_id = await make('reward_program_activation', '/v1/reward_program_activations', { patient_id, reward_program_id, activated_at: at });
    const reward_id = await make('reward', '/v1/rewards', { patient_id, reward_program_activation_id, description: name, allocated_value: 1 });
    const reward_earning_id = await make('reward_earning', '/v1/reward_earnings', { patient_id, reward_id, earned_value: 1 });
    await make('reward_earning_fulfillment', '/v1/reward_earning_fulfillments', { patient_id, reward_earning_id, fulfilled_value: 1 });
    await make('calendar_event_response', '/v1/calendar_event_responses', { patient_id, encounter_id, response_status: 'accepted' });

    reads.medication = `/v1/patients/${patient_id}/medications`;
    // As they are now: a plan shows what has been made for it since.
    for (const kind of Object.keys(documents)) documents[kind] = await read(gateway, { brand, reads }, kind);
    const twineIds = { ...canonical, brand: ORGANIZATIONS[brand] }, generalIds = { ...canonical }, lines = [];
    for (const kind of Object.keys(documents)) {
        if (kind === 'medication' || kind === 'question_definition') continue; // not of Twine, and one that keeps its id
        lines.push(`twine,${kind},${brand},${twineIds[kind] = randomBytes(12).toString('hex')},${canonical[kind]}`);
        if (kind === 'patient' || kind === 'metric') lines.push(`general,${kind},${brand},${generalIds[kind] = `${numbers++}`},${canonical[kind]}`);
    }
    return { name, brand, documents, reads, canonical, lines, ids: { twine: twineIds, general: generalIds, 'patient-graph': canonical, fhir: canonical, oauth: canonical } };
}

/** The document without members of that name, wherever they are. */
const without = (text, name) => JSON.stringify(JSON.parse(text, (key, value) => (key === name ? undefined : value)));

/**
 * The embedded backend of `store` for a token that is bound to nothing but its brand: it believes that the gateway has judged what
 * its token is bound to. Only calls about the caller's own patient say whose they are. `leaves_out()`: a member that its answers lack.
 */
async function startBeliever(store, leaves_out = () => '') {
    const server = http.createServer((incoming, outgoing) => {
        const { brand_id, patient_id } = JSON.parse(Buffer.from(incoming.headers.authorization.split('.')[1], 'base64url'));
        const own = /\/me(\/|\?|$)|^\/v1\/researcher-acknowledgements/.test(incoming.url) ? { patient_id } : {};
        const authorization = `Bearer ${signToken(store, { aud: 'dragoman-backend', sub: 'believer', brand_id, ...own })}`;
        const onward = http.request({ host: '127.0.0.1', port: store.backendPort, method: incoming.method, path: incoming.url, headers: { ...incoming.headers, authorization } }, async (answer) => {
            const text = (await answer.toArray()).join(''), sent = leaves_out() && text ? without(text, leaves_out()) : text;
            outgoing.writeHead(answer.statusCode, { ...answer.headers, 'content-length': Buffer.byteLength(sent) });
            outgoing.end(sent);
        });
        onward.on('error', () => outgoing.destroy());
        incoming.pipe(onward);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    server.unref();
    return { url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}

/** A gateway to attack, and the one that keeps its patients: itself, or, if it `believes`, one behind a believer (`leaves_out`: above). */
export async function startAttacked(believes, leaves_out) {
    const set = { 'auth.failures_per_minute': '0', 'auth.issuer': 'https://gateway.test' };
    const store = await startGateway({ patients: 3, set });
    if (!believes) return { store, gateway: store, stop: () => store.stop() };
    const believer = await startBeliever(store, leaves_out);
    const gateway = await startGateway({ patients: 3, set: { ...set, 'backend.url': believer.url } });
    return { store, gateway, stop: async () => { await gateway.stop(); await believer.stop(); await store.stop(); } };
}

/** Ids that nobody has, in the dialect's form. */
export function nobody(dialect) {
    const id = { general: '987654321', twine: 'aaaaaaaaaaaaaaaaaaaaaaaa' }[dialect] ?? '00000000-0000-4000-8000-000000000000';
    return new Proxy({}, { get: (_, kind) => (kind === 'question_definition' ? 'q-nobody' : id) });
}
