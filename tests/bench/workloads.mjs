// What the benchmark asks for, and the files that its answers come from.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash, createSign } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyPair } from '../e2e/keys.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');

export const canonicalId = '00000000-0000-4000-8000-000000001049';
const twineId = '5a8c1f0e9d3b2a4c6e7f1049';
const patient = '"first_name":"John","last_name":"Doe","date_of_birth":"2010-05-15","gender":"male","email":"john.doe@example.com",'
  + '"phone":"+1-555-123-4567","external_ids":{"medical-record-number":"121212"},"status":"active","metadata":{"address":'
  + '{"line":"123 Main St","city":"Anytown","state":"CA","postal_code":"12345"}},"created_at":"2023-10-20T10:00:00.000Z",'
  + '"updated_at":"2023-10-20T15:30:00.000Z"';
// The same in every run, and without an order, as the ids of a backend are.
const idOf = (what, number) => createHash('sha256').update(`${what} ${number}`).digest('hex')
  .replace(/^(.{8})(.{4})(.{3})(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');

// What the backend says, and what is sent to it.
export const onePatient = (id = canonicalId) => `{"id":"${id}","brand_id":"acme",${patient}}`;
export const patients = (count, total = 5000) => `{"patients":[${Array.from({ length: count }, (_, i) =>
  onePatient(idOf('patient', i)).replace('121212', String(200000 + i)).replace(/}$/, ',"groups":[]}')).join(',')}],"total":${total}}`;
export const seedBody = () => readFileSync(join(root, 'tests/e2e/documents/general-create.json'), 'utf8').trim();
const metricMembers = `"patient_id":"${canonicalId}","brand_id":"acme","metric_key":"ldl_cholesterol","value_numeric":"121","value_text":null,`
  + '"unit":"mg/dl","source":"api","is_phi":true,"recorded_at":"2017-03-14T11:00:57.000Z","created_at":"2023-10-20T10:00:00.000Z"';
export const metric = (id) => `{"id":"${id}",${metricMembers}}`;
const twineMetric = { type: 'patient_health_metric',
  attributes: { code: { system: 'LOINC', value: '13457-7' }, type: 'ldl_cholesterol', occurred_at: '2017-03-14T11:00:57.000Z',
    value: '121', unit: 'mg/dl' },
  relationships: { patient: { data: { type: 'patient', id: twineId } } } };
export const metricsBody = (count) => JSON.stringify({ data: Array(count).fill(twineMetric) });
const keys = ['anxiety', 'energy', 'mood', 'pain_level', 'sleep', 'stress'];

// `proxy: false`: one request is several upstream calls, which a proxy that translates nothing cannot make. `all`: only with --all.
// `alone`: nobody else has it.
export const workloads = {
  W1: { what: 'General GET /v1/patients/{id}', path: '/v1/patients/1049', connections: 32, proxy: true },
  W2: { what: 'General POST /v1/patients, a durable id each', path: '/v1/patients', connections: 128, script: 'post.lua', proxy: true },
  W2p: { what: 'General PUT /v1/patients/{id}, nothing to store', path: '/v1/patients/1049', connections: 128, script: 'put.lua',
    proxy: true, all: true },
  W3: { what: 'Twine GET /pub/patient, 50 per page', connections: 32, proxy: true,
    path: '/pub/patient?filter[organization]=58c4554710123c5c40dbab81&page[size]=50&page[number]=1' },
  W4: { what: 'Twine POST /pub/patient_health_metric, 20 at once', path: '/pub/patient_health_metric', connections: 32,
    script: 'metrics.lua', proxy: false, all: true },
  W5: { what: 'patient-graph GET /v1/patients/{id}/metrics/{key}, 100 points', path: `/v1/patients/${canonicalId}/metrics/weight`,
    connections: 32, proxy: true, all: true, bearer: true },
  W6: { what: 'General GET /v1/patients/{id}/gauges, 6 keys by 7 documented calls', path: '/v1/patients/1049/gauges', connections: 32,
    proxy: false, all: true, documented: true },
  W6c: { what: 'General GET /v1/patients/{id}/gauges, 6 keys by one call of a backend that has it', path: '/v1/patients/1049/gauges',
    connections: 32, proxy: false, all: true, alone: true },
};

// A body of `bytes`, nearly: many small values, as clients send them.
export function document(bytes) {
  const one = '{"name":"observation","value":7,"note":"as the client wrote it"},';
  return `{"brand_id":"acme","first_name":"Ada","last_name":"Byron","date_of_birth":"1990-12-10","metadata":{"list":[${
    one.repeat(Math.max(1, Math.floor((bytes - 120) / one.length))).slice(0, -1)}]}}`;
}

export const post = (type, body, method = 'POST') => `wrk.method = "${method}"
wrk.headers["Content-Type"] = "${type}"
wrk.body = [[${body}]]
`;

// An issuer of our own with an RSA key: the token check is part of what is measured.
export function makeToken(dir) {
  const { publicKey, privateKey } = keyPair('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'issuer.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({
    iss: 'https://bench.example', aud: 'dragoman', sub: 'bench', brand_id: 'acme', iat: now, exp: now + 86400,
    scope: 'read:patients write:patients read:metrics write:metrics',
  })}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}

// A configuration in `dir`, with @NAME@ filled in.
export function fill(name, dir, ports) {
  let text = readFileSync(join(here, name), 'utf8').replaceAll('@DIR@', dir).replaceAll('@HERE@', here)
    .replaceAll('@PATIENT@', patient).replaceAll('@METRIC@', metricMembers);
  for (const [key, port] of Object.entries(ports)) text = text.replaceAll(`@${key}@`, String(port));
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

export function series(key, count) {
  const data = Array.from({ length: count }, (_, i) => ({
    id: idOf(key, i), patient_id: canonicalId, brand_id: 'acme', metric_key: key, value_numeric: String(1 + (i % 10)), value_text: null,
    unit: null, source: 'api', is_phi: true, recorded_at: new Date(Date.UTC(2023, 9, 1) + i * 86400000).toISOString(),
    created_at: '2023-10-20T10:00:00.000Z',
  }));
  return JSON.stringify({ patient_id: canonicalId, metric_key: key, data, count });
}

function writeAnswers(dir) {
  writeFileSync(join(dir, 'list.json'), patients(50));
  writeFileSync(join(dir, 'keys.json'), JSON.stringify({ patient_id: canonicalId, metrics: keys.map((metric_key) => ({
    metric_key, last_value: '7', unit: null, last_recorded_at: '2023-10-10T00:00:00.000Z', is_phi: true })) }));
  writeFileSync(join(dir, 'metrics.json'), JSON.stringify({ metrics: keys.flatMap((key) => JSON.parse(series(key, 10)).data), total: 60 }));
  mkdirSync(join(dir, 'series'));
  for (const key of keys) writeFileSync(join(dir, 'series', key), series(key, 10));
  writeFileSync(join(dir, 'series', 'weight'), series('weight', 100));
}

function writeRequests(dir) {
  writeFileSync(join(dir, 'post.lua'), post('application/json', seedBody()));
  writeFileSync(join(dir, 'put.lua'), post('application/json', seedBody(), 'PUT'));
  writeFileSync(join(dir, 'metrics.lua'), post('application/vnd.api+json', metricsBody(20)));
}

// `completions`: YAML of what the backend is said to have beyond its documented calls.
const config = (dir, ports, name, completions, workers = 1) => `listen: 127.0.0.1:${ports[name]}
admin: { listen: 127.0.0.1:${ports[`${name}_ADMIN`]} }
workers: ${workers}
state_dir: ${dir}/state-${name}
mappings: ${root}/mappings
default_facade: patient-graph
log: { access: ${dir}/access-${name}.log }
backend: { url: "http://127.0.0.1:${ports.CANNED}", completions: ${completions} }
auth:
  issuers:
    - issuer: https://bench.example
      keys: [{ file: ${dir}/issuer.pem, algorithm: RS256 }]
`;

export function writeFiles(dir, ports) {
  writeAnswers(dir);
  writeRequests(dir);
  writeFileSync(join(dir, 'ids.csv'), `dialect,kind,brand,dialect_id,canonical_id
general,patient,acme,1049,${canonicalId}
twine,patient,acme,${twineId},${canonicalId}
twine,brand,acme,58c4554710123c5c40dbab81,acme
`);
  for (const name of ['DRAGOMAN', 'OTHER']) writeFileSync(join(dir, `${name}.yaml`), config(dir, ports, name, 'all'));
  for (const name of ['DOCUMENTED', 'OTHER_DOCUMENTED']) writeFileSync(join(dir, `${name}.yaml`), config(dir, ports, name, '[]'));
  writeFileSync(join(dir, 'TWO.yaml'), config(dir, ports, 'TWO', 'all', 2));
}
