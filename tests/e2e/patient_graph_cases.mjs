// The cases of 30_patient_graph_contract.test.mjs: for each documented operation a good request and what makes it bad.
//
// operation  as documented
// as         whose token: `staff` (the default) or `me`, bound to one patient
// id         what {id} stands for, if not the patient
// call, body the good request; {name} and <name> stand for what the test has made
// good       further or other good requests
// queries    [query, status]: bad ones
// calls      [call, status]: bad ones
// members    [path, value, status]: the body with this member instead (undefined: without it), in the first element of an array
//
// The test adds what is bad everywhere: no credential, no scope, ids that are nobody's, foreign or not the principal's, bodies that are no JSON.
const NO_OBJECT = [null, 'x', 1, []];
const NO_STRING = [null, 1, true, {}];
const each = (path, values, status) => values.map((value) => [path, value, status]);
const text = (path) => each(path, NO_STRING);
const required = (path) => [[path, undefined], [path, ''], ...text(path)];
const readOnly = (...names) => names.map((name) => [name, '2024-01-01T00:00:00Z']);
const brand = [['brand_id', undefined], ['brand_id', ''], ['brand_id', 1], ['brand_id', ['acme']], ['brand_id', 'globex', 403]];
const uuid = (path) => each(path, ['x', '', 1, null, '11111111-1111-4111-8111-11111111111']);
const moment = (path) => each(path, ['2024-01-01', '2024-01-01T00:00:00', '2024-02-30T00:00:00Z', 5, null]);
const page = [['limit=0'], ['limit=x'], ['offset=-1'], ['offset=x'], ['limit=1&limit=2']];
const member = (name) => (json) => { if (!json[name]?.length) throw new Error(`${name} is empty`); };

export const embedded = [
    { operation: 'GET /v1/patients', call: 'GET /v1/patients?brand_id=acme', good: [{}, { call: 'GET /v1/patients?brand_id=acme&limit=1&offset=1' }, { call: 'GET /v1/patients?brand_id=acme&limit=100000' }],
        queries: [['limit=5'], ['brand_id=globex', 403], ...page.map(([query]) => [`brand_id=acme&${query}`])] },
    { operation: 'POST /v1/patients', good: [{}, { body: { brand_id: 'acme', first_name: 'Eve', last_name: 'Case' } }],
        body: { brand_id: 'acme', first_name: 'Dan', last_name: 'Case', date_of_birth: '1990-02-03', gender: 'x', email: 'dan@example.com', phone: '555',
            external_ids: { contract: 'one' }, metadata: { a: [1] } },
        members: [...brand, ...required('first_name'), ...required('last_name'), ...each('date_of_birth', ['1990-02-30', '', 5, null]), ...text('gender'),
            ...each('email', ['x', '', 1, null]), ...text('phone'), ...each('external_ids', [...NO_OBJECT, { a: 1 }]), ...each('metadata', NO_OBJECT), ['phone', '666', 409],
            ...readOnly('id', 'status', 'created_at', 'updated_at', 'age_verified_at', 'ruo_pathway_acknowledged_at', 'researcher_acknowledgement_id', 'prescription_status',
                'prescription_consult_completed_at')] },
    { operation: 'GET /v1/patients/{id}/safe' },
    { operation: 'PUT /v1/patients/{id}/intake-response', good: [{}, { body: { brand_id: 'acme', responses: {} },
        check: (json) => { if (json.questionnaire_version !== 'contraindications-v1' || json.status !== 'submitted') throw new Error('defaults'); } }],
        body: { brand_id: 'acme', questionnaire_version: 'v2', status: 'draft', responses: { smoker: false, packs: 0.50 } },
        members: [...brand, ['responses', undefined], ...each('responses', NO_OBJECT), ...each('status', ['', ...NO_STRING]), ...each('questionnaire_version', ['', ...NO_STRING]),
            ...readOnly('id', 'patient_id', 'submitted_at', 'created_at', 'updated_at')] },
    { operation: 'POST /v1/patients/{patient_id}/metrics', good: [{}, { body: { metric_key: 'note', value_text: 'x', source: 'manual', recorded_at: '2024-01-01T00:00:00+02:00' } }],
        body: { metric_key: 'weight', value_numeric: '70.50', unit: 'kg', source: 'api', is_phi: true, recorded_at: '2024-01-01T00:00:00Z' },
        members: [...required('metric_key'), ...each('value_numeric', ['x', '', 70.5, null]), ...text('value_text'), ...text('unit'), ['source', undefined], ...each('source', ['phone', '', 1, null]),
            ...each('is_phi', ['true', 1, null]), ['recorded_at', undefined], ...moment('recorded_at'), ...readOnly('id', 'patient_id', 'brand_id', 'created_at')] },
    { operation: 'GET /v1/patients/{patient_id}/metrics', good: [{ check: member('metrics') }] },
    { operation: 'GET /v1/patients/{patient_id}/metrics/{metric_key}', call: 'GET /v1/patients/{patient_id}/metrics/weight',
        good: [{ check: member('data') }, { call: 'GET /v1/patients/{patient_id}/metrics/weight?from=2023-12-31&to=2024-01-02T00:00:00Z&granularity=day' }, { call: 'GET /v1/patients/{patient_id}/metrics/none' }],
        queries: [['from=x'], ['to=2024-13-01'], ['from=2024-01-01T00:00:00'], ['from=2024-01-01&from=2024-01-02']] },
    { operation: 'POST /v1/patients/{patient_id}/encounters', good: [{}, { body: { brand_id: 'acme', encounter_type: 'other' } }],
        body: { brand_id: 'acme', provider_id: '<provider>', encounter_type: 'telehealth', scheduled_at: '2024-01-01T00:00:00Z', chief_complaint: 'c', notes: 'n', metadata: { a: 1 } },
        members: [...brand, ['encounter_type', undefined], ...each('encounter_type', ['visit', '', 1, null]), ...uuid('provider_id'), ...moment('scheduled_at'), ...text('chief_complaint'),
            ...text('notes'), ...each('metadata', NO_OBJECT), ...readOnly('id', 'patient_id', 'status', 'started_at', 'ended_at', 'created_at', 'updated_at')] },
    { operation: 'GET /v1/patients/{patient_id}/encounters', good: [{ check: member('encounters') }, { call: 'GET /v1/patients/{patient_id}/encounters?limit=1&offset=1' }], queries: page },
    { operation: 'POST /v1/providers', good: [{}, { body: { brand_id: 'acme', name: 'N' } }],
        body: { brand_id: 'acme', name: 'Dr. Novak', specialty: 'x', npi: '1', phone: '5', email: 'n@example.com', metadata: {} },
        members: [...brand, ...required('name'), ...text('specialty'), ...text('npi'), ...text('phone'), ...each('email', ['n', '', 1, null]), ...each('metadata', NO_OBJECT),
            ...readOnly('id', 'created_at', 'updated_at')] },
    { operation: 'POST /v1/patients/{patient_id}/providers', good: [{ check: (json) => { if (json.relationship !== 'primary') throw new Error('default'); } }, { body: { provider_id: '<provider>', relationship: 'lab' } }],
        body: { provider_id: '<provider>' },
        members: [['provider_id', undefined], ...uuid('provider_id'), ['provider_id', '00000000-0000-4000-8000-000000000000', 404], ...each('relationship', ['friend', '', 1, null]),
            ...readOnly('id', 'patient_id', 'status', 'started_at', 'ended_at')] },
    { operation: 'GET /v1/patients/{patient_id}/providers', good: [{ check: member('providers') }] },
    { operation: 'POST /v1/patients/{patient_id}/medications', good: [{}, { body: { brand_id: 'acme', name: 'N', dosage: '1', frequency: 'f' } }],
        body: { brand_id: 'acme', name: 'Ibuprofen', dosage: '200 mg', frequency: 'daily', route: 'oral', prescriber_id: '<provider>', notes: 'n', metadata: { a: 1 } },
        members: [...brand, ...required('name'), ...required('dosage'), ...required('frequency'), ...text('route'), ...uuid('prescriber_id'), ...text('notes'), ...each('metadata', NO_OBJECT),
            ...readOnly('id', 'patient_id', 'status', 'started_at', 'ended_at', 'created_at', 'updated_at')] },
    { operation: 'GET /v1/patients/{patient_id}/medications', good: [{ check: member('medications') }, { call: 'GET /v1/patients/{patient_id}/medications?status=active', check: member('medications') },
        { call: 'GET /v1/patients/{patient_id}/medications?status=none' }], queries: [['status=a&status=b']] },
    { operation: 'PATCH /v1/medications/{id}/status', id: 'medication', body: { status: 'completed' },
        good: [{ check: (json) => { if (!json.ended_at) throw new Error('no end'); } }, { body: { status: 'active' }, check: (json) => { if (json.ended_at) throw new Error('an end'); } }],
        members: [['status', undefined], ...each('status', ['gone', '', 1, null])] },
    { operation: 'POST /v1/patients/me/journal', as: 'me', body: { entry_date: '2024-05-01', mood: 3, energy: 5, notes: 'n', side_effects: ['dry mouth'] },
        good: [{}, { body: { mood: 1, energy: 1 } }],
        members: [['mood', undefined], ...each('mood', [0, 6, 1.5, '3', null]), ['energy', undefined], ...each('energy', [0, 6, true, null]), ...each('entry_date', ['2024-02-30', '', 5, null]),
            ...text('notes'), ...each('side_effects', ['x', {}, [''], [1], [null], null]), ...readOnly('id', 'created_at', 'updated_at')] },
    { operation: 'GET /v1/patients/me/journal', as: 'me', call: 'GET /v1/patients/me/journal?from=2024-05-01&to=2024-05-01',
        good: [{ check: member('entries') }, { call: 'GET /v1/patients/me/journal?from=2024-04-30T23:59:59Z&to=2024-05-01T12:00:00Z', check: member('entries') }],
        queries: [['from=2024-05-01'], ['to=2024-05-01'], ['from=x&to=2024-05-01'], ['from=2024-05-01&to=2024-05-32'], ['from=&to=2024-05-01']] },
    { operation: 'GET /v1/patients/me/onboarding', as: 'me' },
    { operation: 'POST /v1/patients/me/onboarding', as: 'me', body: { goals: ['sleep'], role: 'researcher', default_follows: ['x'], notifications: { pushOptIn: true, emailFrequency: 'off' } },
        good: [{}, { body: { goals: [] } }, { body: { goals: Array(32).fill('g'), notifications: {} } }],
        members: [['goals', undefined], ...each('goals', ['x', {}, [''], [1], null, Array(33).fill('g')]), ...each('role', ['king', '', 1, null]), ...each('default_follows', ['x', [''], [1], null, Array(65).fill('f')]),
            ...each('notifications', ['x', [], null]), ...each('notifications.pushOptIn', ['true', 1, null]), ...each('notifications.emailFrequency', ['hourly', '', 1, null]),
            ...readOnly('patient_id', 'onboarding_completed_at')] },
    { operation: 'POST /v1/patients/me/age-verification', as: 'me', body: { date_of_birth: '1984-02-29' },
        good: [{ check: (json) => { if (!json.age_verified_at || json.date_of_birth !== '1984-02-29') throw new Error('not verified'); } }],
        members: [['date_of_birth', undefined], ...each('date_of_birth', ['1984-02-30', '', 5, null])] },
    { operation: 'POST /v1/patients/me/ruo-acknowledgement', as: 'me', bare: true, body: { statement_version: 'v2' },
        good: [{ body: {}, check: (json) => { if (!json.ruo_pathway_acknowledged_at) throw new Error('not acknowledged'); } }, {}], members: each('statement_version', ['', ...NO_STRING]) },
    { operation: 'POST /v1/researcher-acknowledgements', as: 'me', body: { full_name: 'Al', ip_address: '10.1.2.3', source: 'web' }, good: [{}, { body: { full_name: 'Ann Case', ip_address: 'x', source: 's', statement_version: 'v2' } }],
        members: [...required('full_name'), ['full_name', 'A'], ...required('ip_address'), ...required('source'), ...each('statement_version', ['', ...NO_STRING]),
            ...readOnly('id', 'patient_id', 'acknowledged_at', 'created_at', 'updated_at')] },
    { operation: 'GET /v1/researcher-acknowledgements/me', as: 'me',
        good: [{ check: (json) => { if (!json.acknowledged) throw new Error('not acknowledged'); } }, { call: 'GET /v1/researcher-acknowledgements/me?statement_version=none', check: (json) => { if (json.acknowledged) throw new Error('acknowledged'); } }],
        queries: [['statement_version=a&statement_version=b']] },
    { operation: 'GET /v1/patients/{patient_id}/timeline', good: [{ check: member('events') }, { call: 'GET /v1/patients/{patient_id}/timeline?event_type=metric_recorded&limit=1', check: member('events') },
        { call: 'GET /v1/patients/{patient_id}/timeline?event_type=none' }], queries: page },
    { operation: 'DELETE /v1/patients/{id}', id: 'nobody', call: 'DELETE /v1/patients/00000000-0000-4000-8000-000000000000', missing: false, calls: [['DELETE /v1/patients', 405]],
        good: [{ check: (json) => { if (json.status !== 'not_present') throw new Error('somebody'); } }] },
];

const dose = { protocol_id: '<protocol>', protocol_compound_id: '<protocol>', compound_id: 'c', compound_slug: 's', display_name: 'n', dose_amount: '0.50', dose_unit: 'mg',
    dose_mcg_equivalent: null, route: null, days_of_week: [0, 6], timing: 'any', source: 'schedule', schedule_changed: false };
const compound = { id: '<protocol>', protocol_id: '<protocol>', compound_id: '<protocol>', compound_slug: 's', display_name: 'n', dose_amount: '0.50', dose_unit: 'mg', route: null, position: 0,
    created_at: '2024-01-01T00:00:00.000Z', updated_at: '2024-01-01T00:00:00.000Z' };
const { protocol_id: _, dose_mcg_equivalent: __, timing: ___, schedule_changed: ____, ...resolved } = dose;

export const passed = [
    { operation: 'POST /v1/patients/{patient_id}/medications/check-interactions', body: { name: 'Aspirin', more: [1] }, good: [{}, { text: '{ "name": "A",\n "dose": 1.50 }' }], members: required('name') },
    { operation: 'GET /v1/patients/me/treatments', as: 'me', good: [{}, { call: 'GET /v1/patients/me/treatments?status=active' }], queries: [['status=a&status=b']] },
    { operation: 'GET /v1/protocols/{id}', id: 'protocol', calls: [['POST /v1/protocols/{id}', 405], ['PUT /v1/protocols/{id}', 405]] },
    { operation: 'PUT /v1/protocols/{id}/compounds', id: 'protocol', good: [{}, { body: [] }, { text: '[{"compound_slug":"s","display_name":"n","dose_amount":"0.50","dose_unit":"mg","route":null,"position":3},\n{"compound_slug":"t","display_name":"n","dose_amount":1e-3,"dose_unit":"mg","x":{}}]' }],
        body: [{ compound_id: '<protocol>', compound_slug: 's', display_name: 'n', dose_amount: 0.5, dose_unit: 'mg', route: 'oral', position: 0 }],
        members: [...uuid('compound_id'), ...required('compound_slug'), ...required('display_name'), ['dose_amount', undefined], ...each('dose_amount', [true, null, [], {}]), ...required('dose_unit'),
            ...each('route', [1, {}]), ...each('position', [-1, 1.5, '1', null]), ...readOnly('id', 'protocol_id', 'created_at', 'updated_at')].map(([path, ...rest]) => [path, ...rest]) },
    { operation: 'PUT /v1/patients/{patient_id}/protocols/{protocol_id}/schedule', good: [{}, { body: [{ protocol_compound_id: '<protocol>', days_of_week: [0], time_of_day: 'before_bed', time_local: null, dose_amount_override: null, paused_until: null, notes: null }] }],
        body: [{ protocol_compound_id: '<protocol>', days_of_week: [0, 6], time_of_day: 'morning', time_local: '07:30:00', dose_amount_override: '0.50', schedule_changed: true, paused_until: '2024-01-01', notes: 'n' }],
        members: [['protocol_compound_id', undefined], ...uuid('protocol_compound_id'), ['days_of_week', undefined], ...each('days_of_week', [[], [7], [-1], ['1'], 1, null]), ['time_of_day', undefined],
            ...each('time_of_day', ['noon', '', 1, null]), ...each('time_local', ['7:30', '', '07:30:0', 730]), ...each('dose_amount_override', [true, []]), ...each('schedule_changed', ['true', null]),
            ...each('paused_until', ['2024-1-1', '', 5]), ...each('notes', [1, {}]), ...readOnly('id', 'patient_id')] },
    { operation: 'GET /v1/patients/{patient_id}/protocols/{protocol_id}/overrides', good: [{}, { call: 'GET /v1/patients/{patient_id}/protocols/{protocol_id}/overrides?version_id=v' }], queries: [['version_id=a&version_id=b']] },
    { operation: 'POST /v1/adherence/doses', as: 'me', body: { peptide_id: 'p', protocol_id: 'q', protocol_compound_id: '<protocol>', status: 'skipped', skip_reason: 'forgot', skip_reason_note: 'n', scheduled_at: '2024-01-01T00:00:00Z', logged_at: '2024-01-01T00:00:00+02:00' },
        good: [{}, { body: { peptide_id: 'p', protocol_id: 'q', status: 'taken', scheduled_at: '2024-01-01T00:00:00Z', unknown: null } }],
        members: [...required('peptide_id'), ...required('protocol_id'), ...uuid('protocol_compound_id'), ['status', undefined], ...each('status', ['lost', '', 1, null]), ...each('skip_reason', ['tired', '', 1, null]),
            ...each('skip_reason_note', ['', 'n'.repeat(501), 1, null]), ['scheduled_at', undefined], ...moment('scheduled_at'), ...moment('logged_at'), ...readOnly('id', 'patient_id')] },
    { operation: 'GET /v1/adherence/summary', call: 'GET /v1/adherence/summary?patient_id={patient_id}&protocol_id={protocol_id}', queries: [['patient_id={patient_id}'], ['protocol_id=p'], ['patient_id=a&patient_id=b&protocol_id=p']] },
    { operation: 'GET /v1/adherence/streak/me', as: 'me' },
    { operation: 'GET /v1/adherence/calendar', call: 'GET /v1/adherence/calendar?patient_id={patient_id}', good: [{}, { call: 'GET /v1/adherence/calendar?patient_id={patient_id}&month=2024-01&protocol_id={protocol_id}' }],
        queries: [['month=2024-01'], ['patient_id=a&patient_id=b']] },
    { operation: 'GET /v1/adherence/today-schedule', call: 'GET /v1/adherence/today-schedule?patient_id={patient_id}&date=2024-01-01', queries: [['patient_id={patient_id}'], ['date=2024-01-01'], ['patient_id={patient_id}&date=2024-01-32']] },
    { operation: 'GET /v1/adherence/resolved-compounds', call: 'GET /v1/adherence/resolved-compounds?patient_id={patient_id}&date=2024-01-01', queries: [['patient_id={patient_id}'], ['date=2024-01-01'], ['patient_id={patient_id}&date=x']] },
];

/** What the backend says. */
export const answers = {
    'POST /v1/patients/{patient_id}/medications/check-interactions': { warnings: [{ existing_medication: 'a', new_medication: 'b', severity: 'high', description: 'd' }] },
    'GET /v1/patients/me/treatments': { treatments: [{ id: '<protocol>', brand_id: 'acme', patient_id: '<patient>', rimo_treatment_id: 'r', status: 'active', billing_plan_id: null, started_at: null, ended_at: null,
        metadata: {}, created_at: '2024-01-01T00:00:00Z', updated_at: '2024-01-01T00:00:00Z', prescriptions: [] }] },
    'GET /v1/protocols/{id}': { id: '<protocol>', brand_id: 'acme', slug: 's', name: 'n', version: '1', category: null, description: null, oversight_tier: 'x', active: true, metadata: {},
        created_at: '2024-01-01T00:00:00Z', updated_at: '2024-01-01T00:00:00Z', compounds: [compound] },
    'PUT /v1/protocols/{id}/compounds': { protocol_id: '<protocol>', compounds: [compound] },
    'PUT /v1/patients/{patient_id}/protocols/{protocol_id}/schedule': { patient_id: '<patient>', protocol_id: '<protocol>', schedule: [{ id: '<protocol>', patient_id: '<patient>', protocol_compound_id: '<protocol>',
        days_of_week: [0], time_of_day: 'morning', time_local: null, dose_amount_override: null, schedule_changed: false, paused_until: null, notes: null }] },
    'GET /v1/patients/{patient_id}/protocols/{protocol_id}/overrides': { patient_id: '<patient>', protocol_id: '<protocol>', overrides: [{ id: '<protocol>', patient_id: '<patient>', protocol_id: '<protocol>',
        version_id: '<protocol>', compound_id: null, override_type: 'dose_adjusted', payload: { kind: 'dose_adjusted', dose_amount: 0.5 } }] },
    'POST /v1/adherence/doses': { id: '<protocol>', patient_id: '<patient>', peptide_id: 'p', protocol_id: 'q', protocol_compound_id: null, status: 'taken', skip_reason: null,
        scheduled_at: '2024-01-01T00:00:00Z', logged_at: '2024-01-01T00:00:00Z' },
    'GET /v1/adherence/summary': { patient_id: '<patient>', protocol_id: '<protocol>', streak_days: 1, adherence_pct: 50, last30: { taken: 1, missed: 1, scheduled: 2 } },
    'GET /v1/adherence/streak/me': { patient_id: '<patient>', current_streak: 1, longest_streak: 2, peptides: [{ peptide_id: 'p', taken_dose_count: 1, sharps_reminder_enabled: false }] },
    'GET /v1/adherence/calendar': { patient_id: '<patient>', protocol_id: null, protocol_compound_id: null, month: '2024-01', start: '2024-01-01', end: '2024-01-31', days: [{ date: '2024-01-01', status: 'taken' }] },
    'GET /v1/adherence/today-schedule': { patient_id: '<patient>', date: '2024-01-01', weekday: 1, morning: [dose], evening: [], before_bed: [], any: [dose] },
    'GET /v1/adherence/resolved-compounds': { patient_id: '<patient>', protocol_id: null, date: '2024-01-01', weekday: 1, morning: [{ ...resolved, time_of_day: 'morning' }], afternoon: [], evening: [], before_bed: [] },
};
