// The examples of Twine's specification, as cases. They are read from the specification itself (openapi.json of the npm client,
// v7.78.1), so that none is changed on its way here: `sends` and `answers` name the definition whose `example` it is.
//
//   there     canonical rows that stand in the backend beforehand under the ids that the examples have:
//             [kind, documented id, canonical path, body]; "$kind:id" in a path or body is the canonical id of that row
//   cases     one exchange each, in this order
//     as      the token: a name of `tokens`, or null for none
//     swaps   what is replaced in the body that is sent: [text, text]
//     id      the documented id that the answer's `data.id` stands for from now on, in requests and answers
//     part    where in the answer the example stands, when it is not the whole
//     status  when it is not the 2xx that the specification documents for the operation
//     differs paths of the example at which the answer is another or lacks the member, and why; each must really differ
//     adds    members of the answer that the example lacks
//
// Everywhere: req_id, tokens and times of creation and change are judged by their form; `created_by` and `updated_by` are not shown
// (no canonical entity knows who), nor is `twine_web_app` (an address of the vendor's own site), nor an empty `included` that nobody asked for.

export const GROUP = '5755db2a3db4179179999acf';
export const COACH = '581630c3237d84a9403533c6';
export const ORGANIZATION = '5873b63605376e337a89d64a';
const [OWNER, MEMBER, PLANNED, HEALTHY] = ['5a0c8e27a9d454cc150997f7', '595fddea28c5041b84466bbe', '5964f831f65725bf25558b4f', '5c0fc0d02d02421ed70ca1d1'];
const [PLAN, BUNDLE, SUMMARY, PRESSURE] = ['58aacf0d076adcef394bac35', '58aacf0d076adcef394bac30', '5964f831f65725bf25558b50', '5964f831f65725bf25558b4b'];
const [EVENT, CALL] = ['5a0c8e2aa9d454cc1509a142', '42ba7c2da9d45415234345b3'];

const someone = (first_name, last_name) => ({ brand_id: '$brand', first_name, last_name });
/** The attributes of an example in canonical words. */
const said = (example) => (definitions) => {
    const { data = definitions[example].example } = definitions[example].example;
    const { created_at, created_by, updated_at, updated_by, _thread, _actions, ...rest } = data.attributes;
    return { ...rest, ..._thread && { thread: _thread } };
};

export const there = [
    ['group', GROUP, '/v1/groups', { brand_id: '$brand', name: 'Patients Lead' }],
    ['patient', OWNER, '/v1/patients', someone('Olive', 'Owner')],
    ['patient', MEMBER, '/v1/patients', someone('Tony', 'Member')],
    ['patient', PLANNED, '/v1/patients', someone('Paula', 'Planned')],
    ['patient', HEALTHY, '/v1/patients', someone('Hal', 'Healthy')],
    ['provider', COACH, '/v1/providers', { brand_id: '$brand', name: 'Clarisa Rivera' }],
    ['encounter', GROUP, `/v1/patients/$patient:${OWNER}/encounters`, { brand_id: '$brand', encounter_type: 'office_visit' }],
    ['plan', PLAN, '/v1/plans', { patient_id: `$patient:${OWNER}` }],
    ['bundle', BUNDLE, '/v1/bundles', { plan_id: `$plan:${PLAN}`, patient_id: `$patient:${OWNER}`, title: 'Daily' }],
    ['plan', SUMMARY, '/v1/plans', { patient_id: `$patient:${PLANNED}` }, said('FetchPatientPlanSummaryResponse')],
    ['action', PRESSURE, '/v1/actions', { patient_id: `$patient:${PLANNED}`, plan_id: `$plan:${SUMMARY}`, bundle_ids: [] },
        ({ FetchPatientPlanSummaryResponse: { example: { included: [{ attributes: { _thread, ...rest } }] } } }) => ({ ...rest, thread: _thread })],
    ['action', '59653f699fc8be3938f04491', '/v1/actions', { bundle_ids: [] }, said('FetchActionResponse')],
    ['action', '596535d9608f63d531b7e344', '/v1/actions', { title: 'Weigh' }],
    ['bundle', '596535d9608f63d531b7e34a', '/v1/bundles', { action_ids: ['$action:596535d9608f63d531b7e344'] }, said('FetchBundleResponse')],
    ['email_message', '595fddec28c5041b84467592', '/v1/email_messages', { receiver_id: `$patient:${MEMBER}`, patient_id: `$patient:${MEMBER}` }, said('EmailHistoryResource')],
    ['health_profile', '59d441ac21741161bbe266b5', '/v1/health_profiles', { patient_id: `$patient:${MEMBER}` }, said('HealthProfileResource')],
    ['question_definition', '4', '/v1/question_definitions', { id: '4' }],
    ['question_definition', '21', '/v1/question_definitions', { id: '21' }, said('HealthQuestionDefinitionResource')],
    ['health_profile_answer', '59d441ac21741161bbe266b5', '/v1/health_profile_answers', { patient_id: `$patient:${MEMBER}` }, said('HealthProfileAnswerResource')],
    ['health_profile_answer', MEMBER, '/v1/health_profile_answers', { patient_id: `$patient:${MEMBER}`, question_id: '4' }],
    ['health_profile_question', MEMBER, '/v1/health_profile_questions', { patient_id: `$patient:${MEMBER}`, profile_id: '$health_profile:59d441ac21741161bbe266b5' }],
    ['health_profile_question', '52b36e3c04ad8c2224f2aa67', '/v1/health_profile_questions',
        { patient_id: `$patient:${MEMBER}`, question_definition_id: '4', answer_id: `$health_profile_answer:${MEMBER}` }],
    ['action', '5ada648779672451a6c1b095', '/v1/actions', { patient_id: `$patient:${HEALTHY}`, title: 'Pills' }],
    ['metric', '5c0fc0d42d02421ed70cae16', `/v1/patients/$patient:${HEALTHY}/metrics`, { metric_key: 'weight', value_numeric: '1', source: 'api', recorded_at: '2018-09-18T12:24:37.000Z' }],
    ['result', '5c0fc0d42d02421ed70cae16', '/v1/results',
        { patient_id: `$patient:${HEALTHY}`, action_id: '$action:5ada648779672451a6c1b095', metric_id: '$metric:5c0fc0d42d02421ed70cae16' }, said('PatientHealthResultResource')],
];

const AUDIT = ['attributes.created_at', 'attributes.updated_at'];
const inside = (place, paths) => paths.map((path) => `${place}.${path}`);
// What the vendor's server works out for an action that was just made; a canonical backend may, too, and then it is shown.
const worked_out = { 'data.attributes._thread': 'made from the type', 'data.attributes.adherence': 'counted', 'data.attributes.frequency_goal_prorated': 'counted',
    'data.attributes.metrics.0._id': 'numbered', 'data.attributes.metrics.0.accepted_values': 'filled in' };

export const cases = [
    { says: 'whoever has no token: on reading', as: null, request: `GET /patient/${OWNER}`, status: 401, answers: 'FetchErrorResponse' },
    { says: 'whoever has no token: on writing', as: null, request: 'POST /group', sends: 'CreateGroupRequest', status: 401, answers: 'CreateOrUpdateErrorResponse' },

    { says: 'a token', as: null, request: 'POST /oauth/token', sends: 'CreateTokenRequest', swaps: 'client', answers: 'CreateTokenResponse', id: '5817a24d678a7c2cbf5df3ee',
        adds: ['meta.ignored', 'data.relationships.organization'] },
    { says: "a token's groups", as: 'answered', request: 'GET /oauth/token/5817a24d678a7c2cbf5df3ee/groups', answers: 'FetchGroupsResponse' },
    { says: 'an organization', request: `GET /organization/${ORGANIZATION}`, answers: 'FetchOrganizationResponse' },
    { says: 'a group', request: `GET /group/${GROUP}`, answers: 'FetchGroupResponse' },
    { says: 'a group is made', request: 'POST /group', sends: 'CreateGroupRequest', answers: 'CreateGroupResponse', id: '5817acae6f5316c0d05ba8b8', adds: ['meta.ignored'] },
    { says: 'a coach', request: `GET /coach/${COACH}`, answers: 'FetchCoachResponse' },

    { says: 'a page of a group of 263 patients', request: `GET /patient?filter[groups]=${GROUP}&page[number]=1&page[size]=3`, answers: 'FetchPatientsResponse', prepare: 'patients',
        adds: [...[0, 1, 2].map((n) => `data.${n}.attributes.created_at`), ...[1, 2].flatMap((n) => inside(`data.${n}.attributes`, ['archived', 'archive_history']))],
        differs: { 'data.0.attributes.statement': 'no canonical member' } },
    { says: 'a patient', request: 'GET /patient/58163112237d84a94035f78b', answers: 'FetchPatientResponse', adds: ['data.attributes.created_at'],
        differs: { 'data.attributes.statement': 'no canonical member' } },
    { says: "a patient's coaches", request: 'GET /patient/58163112237d84a94035f78b/coaches', answers: 'FetchCoachesResponse' },
    { says: 'a patient is made', request: 'POST /patient', sends: 'CreatePatientRequest', answers: 'CreatePatientResponse', id: '5817ead56f5316c0d05ba8bf',
        adds: ['data.attributes.created_at', 'meta.ignored'] },
    { says: 'a patient is changed; the example answers with the name that was there before (its rule: the answer is the patient)',
        request: 'PATCH /patient/5817ead56f5316c0d05ba8bf', sends: 'UpdatePatientRequest', answers: 'UpdatePatientResponse',
        adds: ['data.attributes.created_at', 'meta.ignored'], differs: { 'data.attributes.first_name': 'Jonathon was sent' } },
    { says: 'a patient is looked for and made', request: 'PUT /patient', sends: 'UpsertPatientRequest', answers: 'CreatePatientResponse', id: '5817ead56f5316c0d05ba8bf',
        adds: ['data.attributes.created_at', 'meta.ignored'], differs: { 'data.attributes.identifiers': 'it has the identifier that it was looked for by' } },

    { says: 'an action is made', request: 'POST /action', sends: 'CreateActionRequest', answers: 'CreateActionResponse', id: '58aacf0d076adcef394bac36',
        adds: ['meta.ignored'], differs: worked_out },
    { says: 'an action', request: 'GET /action/59653f699fc8be3938f04491', answers: 'FetchActionResponse', adds: inside('data', AUDIT) },
    { says: 'a bundle', request: 'GET /bundle/596535d9608f63d531b7e34a', answers: 'FetchBundleResponse', adds: inside('data', AUDIT) },
    { says: 'a plan summary with what it has', request: `GET /patient_plan_summary/${SUMMARY}?include=actions,bundles,current_results`, answers: 'FetchPatientPlanSummaryResponse',
        adds: [...inside('data', AUDIT), ...inside('included.0', AUDIT), 'included.0.relationships.plan.data'] },

    { says: 'an event is made: a whole day from midnight UTC, in New York (its rule: from the beginning of the day)', request: 'POST /calendar_event', sends: 'CreateCalendarEventRequest',
        part: 'data', answers: 'CreateCalendarEventRequest', id: EVENT, adds: ['id', 'links', 'relationships.owner.links', ...AUDIT], differs: { 'attributes.start_at': 'with milliseconds' } },
    { says: 'an event; the example has an end (its rule: a plan-check-in has none), and a start that was moved', request: `GET /calendar_event/${EVENT}`, prepare: 'event', part: 'data',
        answers: 'CalendarEventResource', differs: { 'attributes.end_at': 'not valid for a plan-check-in' } },
    { says: 'an event is changed; the example completes a telephone-call (its rule: only a plan-check-in is completed)', request: `PATCH /calendar_event/${CALL}`, prepare: 'call',
        sends: 'UpdateCalendarEventRequest', part: 'data', answers: 'UpdateCalendarEventRequest', adds: ['links', 'relationships.owner.links', ...AUDIT],
        differs: { 'attributes.start_at': 'with milliseconds', 'attributes.end_at': 'with milliseconds' } },
    { says: 'an answer to an event', request: 'POST /calendar_event_response', sends: 'CreateCalendarEventResponseRequest', part: 'data', answers: 'CalendarEventResponseResource',
        id: '5ad0f966ceb0909e4bfa84dd', adds: AUDIT },

    { says: 'an e-mail', request: 'GET /email_history/595fddec28c5041b84467592', part: 'data', answers: 'EmailHistoryResource' },
    { says: 'a health profile', request: 'GET /health_profile/59d441ac21741161bbe266b5', part: 'data', answers: 'HealthProfileResource' },
    { says: 'an answer of a health profile', request: 'GET /health_profile_answer/59d441ac21741161bbe266b5', part: 'data', answers: 'HealthProfileAnswerResource' },
    { says: 'a question of a health profile; the links of the example name another one, and it says `attribute`', request: 'GET /health_profile_question/52b36e3c04ad8c2224f2aa67', part: 'data',
        answers: 'HealthProfileQuestionResource', differs: { attribute: 'JSON:API has no such member', links: 'its own id',
            'relationships.answer.links': 'its own id', 'relationships.profile.links': 'its own id', 'relationships.question_definition.links': 'its own id' } },
    { says: 'a definition of a question', request: 'GET /health_question_definition/21', part: 'data', answers: 'HealthQuestionDefinitionResource' },
    { says: 'a measurement; the example names its patient by an empty id, which is nobody\'s', request: 'POST /patient_health_metric', sends: 'PatientHealthMetricResource', status: 409 },
    { says: 'a measurement of somebody', request: 'POST /patient_health_metric', sends: 'PatientHealthMetricResource', swaps: [['"id":""', `"id":"${OWNER}"`]], part: 'data',
        answers: 'PatientHealthMetricResource', of: 'data', adds: ['id', 'attributes.created_at'], differs: { 'relationships.patient.data.id': 'somebody' } },
    { says: 'a result', request: 'GET /result/5c0fc0d42d02421ed70cae16', part: 'data', answers: 'PatientHealthResultResource', of: 'data', adds: ['links'] },
];

/** What the page of 263 patients needs beforehand: three as the examples have them, and 260 others. */
export const others = 260;
export { CALL, EVENT, OWNER };
