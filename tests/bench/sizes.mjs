// Cost against size: instructions per item of lists and per byte of bodies, which must not grow with the size. Usage: node
// tests/bench/sizes.mjs [--check]; --check leaves out the largest bodies, and fails where one grows.
import { inFolder, NO_ID, perRequest, profile } from './count.mjs';
import { has, keep } from './shared.mjs';
import { canonicalId, document, metric, metricsBody, onePatient, patients, series } from './workloads.mjs';

const ALLOWED = 1.1; // of the least at any smaller size
const checking = has('check');
const KB = 1024;
const settings = `limits: { body_kb: 16384, json_elements: 1000000 }
`;

const lists = [1, 10, 100, 1000];
const bodies = [1, 8, 64, 512, ...(checking ? [] : [8 * KB])].map((kb) => kb * KB);

const metrics = (count) => `{"metrics":${JSON.stringify(JSON.parse(series('mood', count)).data)},"total":${count}}`;
// `of(size)`: the case; `unit`: what its cost is divided by.
const kinds = [
  // 999: after a full page of 1,000 the next one is asked for, and this backend says the same to every call
  { name: 'General gauges', unit: 'item', sizes: [1, 10, 100, 999], of: (size) => ({ method: 'GET', path: '/v1/patients/1049/gauges', answer: [200, metrics(size)] }) },
  { name: 'Twine patients', unit: 'item', sizes: [1, 10, 100, 500], of: (size) => ({ method: 'GET', bearer: true,
    path: '/pub/patient?filter[organization]=58c4554710123c5c40dbab81&page[limit]=500', answer: [200, patients(size, size)] }) },
  { name: 'Twine metrics sent', unit: 'item', sizes: [1, 10, 100, 500], of: (size) => ({ method: 'POST', bearer: true,
    path: '/pub/patient_health_metric', type: 'application/vnd.api+json', body: metricsBody(size),
    answer: [201, metric(NO_ID)] }) },
  { name: 'patient-graph series', unit: 'item', sizes: lists, of: (size) => ({ method: 'GET', bearer: true,
    path: `/v1/patients/${canonicalId}/metrics/mood`, answer: [200, series('mood', size)] }) },
  { name: 'patient-graph body sent', unit: 'byte', sizes: bodies, of: (size) => ({ method: 'POST', bearer: true, path: '/v1/patients',
    body: document(size), answer: [201, onePatient()] }) },
  { name: 'patient-graph answer', unit: 'byte', sizes: bodies, of: (size) => ({ method: 'GET', bearer: true,
    path: `/v1/patients/${canonicalId}/metrics/mood`, answer: [200, series('mood', Math.ceil(size / 280))] }) },
];

function measure(dir, token) {
  const cases = {};
  for (const [i, kind] of kinds.entries()) {
    for (const size of kind.sizes) {
      const bytes = size * (kind.unit === 'item' ? 300 : 1);
      cases[`${i}-${size}`] = { ...kind.of(size), requests: Math.max(1, Math.min(16, Math.floor(64 * KB / bytes))) };
    }
  }
  const { of } = profile(dir, token, cases, { blocks: 1 });
  return (i, size) => perRequest(of[`${i}-${size}`], cases[`${i}-${size}`].requests)[0] / size;
}

const costOf = inFolder(settings, measure);
const result = {};
let passed = 0;
let failed = 0;
for (const [i, kind] of kinds.entries()) {
  const costs = kind.sizes.map((size) => costOf(i, size));
  result[`${kind.name}, instructions per ${kind.unit}`] = Object.fromEntries(kind.sizes.map((size, at) => [size, Number(costs[at].toFixed(1))]));
  const grows = costs.some((cost, at) => at > 0 && cost > ALLOWED * Math.min(...costs.slice(0, at)));
  if (grows) failed++;
  else passed++;
  console.log(`${grows ? 'not ok' : 'ok    '} ${kind.name}, instructions per ${kind.unit}: ${
    kind.sizes.map((size, at) => `${size}: ${costs[at].toFixed(kind.unit === 'byte' ? 1 : 0)}`).join(', ')}`);
}
keep('sizes', result);
console.log(`${passed} passed, ${failed} failed`);
if (checking && failed) process.exitCode = 1;
