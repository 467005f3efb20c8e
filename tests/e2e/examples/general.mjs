// The examples of the General documentation, as cases (the documents themselves: ../documents/general-*.json).
//
//   as       the token: `user`, `bound` (to another patient than 1049), or null for none
//   answers  the whole answer, or with `part` what stands there; times of creation and change are judged by their form
//   differs, adds: as in twine.mjs
import { document } from '../harness.mjs';

const example = (name) => JSON.parse(document(`general-${name}.json`));
const age = { age: 'it was 13 when the page was written' };

export const cases = [
    { says: 'a page of 200 patients', request: 'GET /v1/patients?page=1&page_size=50', part: 'pagination',
        answers: { current_page: 1, total_pages: 4, total_count: 200, per_page: 50 } }, // as the same site has it for its other lists
    { says: 'the list, as the page asks for it', request: 'GET /v1/patients?page=1&page_size=25', part: 'pagination',
        answers: { current_page: 1, total_pages: 8, total_count: 200, per_page: 25 } },
    { says: 'patient 1049', request: 'GET /v1/patients/1049', answers: example('patient'), differs: age },
    { says: 'gauge 456', request: 'GET /v1/patients/1049/gauges?gauge_type=mood&start_date=2023-10-01', part: 'gauges', answers: [example('gauge')] },
    { says: 'a patient is made', request: 'POST /v1/patients', sends: example('create'), status: 201, answers: example('patient'), differs: { ...age, id: 'its own' } },
    ...Object.entries(example('create').patient).map(([name, value]) => ({ says: `an update of ${name} alone: all fields are optional`, request: 'PUT /v1/patients/1049',
        sends: { patient: { [name]: value } }, answers: example('patient'), differs: age })),
    { says: 'an update of nothing', request: 'PUT /v1/patients/1049', sends: { patient: {} }, answers: example('patient'), differs: age },
    { says: 'what is missing', request: 'POST /v1/patients', sends: { patient: {} }, status: 422, answers: example('errors-422') },
    { says: 'a patient that is not there', request: 'GET /v1/patients/99999999', status: 404, answers: { errors: 'Patient not found' } },
    { says: 'a patient of somebody else', as: 'bound', request: 'GET /v1/patients/1049', status: 403, answers: { errors: 'You are not authorized to access this patient' } },
    { says: 'a token that is none', as: null, request: 'GET /v1/patients/1049', status: 401, answers: { errors: 'You are not authorized to perform this action.' } },
    ...['mood', 'anxiety', 'energy', 'sleep_quality', 'pain', 'medication_adherence', 'social_interaction'].map((gauge_type) => ({ says: `a gauge of ${gauge_type}`,
        request: `GET /v1/patients/1049/gauges?gauge_type=${gauge_type}&start_date=2022-10-29&end_date=2022-10-29`, prepare: gauge_type, part: 'gauges',
        answers: [{ ...example('gauge'), gauge_type, recorded_at: '2022-10-29T14:30:00.000Z' }], differs: { '0.id': 'its own' } })),
];
