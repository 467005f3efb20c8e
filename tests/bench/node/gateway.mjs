// (d) The mapping of the benchmark's workloads as one would write it on Node: fastify, undici, and jose for the token. Ids are left
// as they are, nothing is stored. Usage: node gateway.mjs PORT CANNED-PORT PUBLIC-KEY.pem
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { jwtVerify } from 'jose';
import { Pool } from 'undici';

const [port, canned, pem] = process.argv.slice(2);
const key = createPublicKey(readFileSync(pem));
const backend = new Pool(`http://127.0.0.1:${canned}`, { connections: 128, pipelining: 1 });
const app = Fastify();
const patientId = '00000000-0000-4000-8000-000000001049';

async function call(method, path, document) {
  const headers = document ? { 'content-type': 'application/json' } : {};
  const { statusCode, body } = await backend.request({ method, path, headers, body: document && JSON.stringify(document) });
  if (statusCode >= 300) throw new Error(`the backend answered ${statusCode}`);
  return body.json();
}

function years(date) {
  const born = new Date(`${date}T00:00:00Z`);
  const now = new Date();
  const before = now.getUTCMonth() < born.getUTCMonth()
    || (now.getUTCMonth() === born.getUTCMonth() && now.getUTCDate() < born.getUTCDate());
  return now.getUTCFullYear() - born.getUTCFullYear() - (before ? 1 : 0);
}

function flatPatient(p) {
  const at = p.metadata?.address;
  return {
    id: p.id, first_name: p.first_name, last_name: p.last_name, date_of_birth: p.date_of_birth,
    age: p.date_of_birth ? years(p.date_of_birth) : null, gender: p.gender, phone: p.phone, email: p.email,
    active: p.status === 'active',
    address: at ? { street: at.line, city: at.city, state: at.state, zip_code: at.postal_code } : null,
    created_at: p.created_at, updated_at: p.updated_at,
  };
}

function canonicalPatient(p) {
  return {
    brand_id: 'acme', first_name: p.first_name, last_name: p.last_name, date_of_birth: p.date_of_birth, gender: p.gender,
    phone: p.phone, email: p.email, metadata: p.address && { address: {
      line: p.address.street, city: p.address.city, state: p.address.state, postal_code: p.address.zip_code } },
  };
}

function resource(p) {
  const at = p.metadata.address;
  return {
    type: 'patient', id: p.id,
    attributes: {
      first_name: p.first_name, last_name: p.last_name, email_address: p.email ?? undefined,
      phone_numbers: p.phone ? [{ type: 'other', primary: true, value: p.phone }] : [],
      addresses: at ? [{ lines: [at.line], city: at.city, state: at.state, postal_code: at.postal_code }] : [],
      identifiers: Object.entries(p.external_ids).map(([system, value]) => ({ system, value })),
      birth_date: p.date_of_birth ?? undefined, gender: p.gender ?? undefined, archived: p.status !== 'active',
      created_at: p.created_at, updated_at: p.updated_at,
    },
    relationships: {
      groups: { data: [], links: { related: `/pub/patient/${p.id}/groups` } },
      coaches: { links: { related: `/pub/patient/${p.id}/coaches` } },
    },
    links: { self: `/pub/patient/${p.id}` },
  };
}

const metricResource = (m) => ({
  type: 'patient_health_metric', id: m.id,
  attributes: { code: { system: 'LOINC', value: '13457-7' }, type: m.metric_key, occurred_at: m.recorded_at,
    value: Number(m.value_numeric), unit: m.unit, created_at: m.created_at },
  relationships: { patient: { data: { type: 'patient', id: m.patient_id } } },
});

const scales = { anxiety: [1, 10], energy: [1, 10], mood: [1, 10], pain_level: [1, 10], sleep: [1, 10], stress: [1, 10] };
const gauge = (m) => ({
  id: m.id, patient_id: m.patient_id, gauge_type: m.metric_key === 'pain_level' ? 'pain' : m.metric_key,
  value: m.value_numeric === null ? m.value_text : Number(m.value_numeric), scale_min: scales[m.metric_key]?.[0] ?? null,
  scale_max: scales[m.metric_key]?.[1] ?? null, recorded_at: m.recorded_at, notes: null, created_at: m.created_at,
});

app.addContentTypeParser('application/vnd.api+json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));

app.addHook('onRequest', async (request, reply) => {
  const token = request.headers['x-user-token'] ?? request.headers.authorization?.slice('Bearer '.length);
  try {
    const { payload } = await jwtVerify(token, key, { issuer: 'https://bench.example', audience: 'dragoman' });
    if (!payload.scope.includes('read:patients')) throw new Error('scope');
  } catch {
    await reply.code(401).send({ errors: { base: ['You are not authorized to perform this action.'] } });
  }
});

function judge(patient, reply) {
  const blank = ['first_name', 'last_name', 'date_of_birth'].filter((name) => !patient[name]);
  if (blank.length) reply.code(422).send({ errors: Object.fromEntries(blank.map((name) => [name, ["can't be blank"]])) });
  return !blank.length;
}

app.get('/v1/patients/:id', async () => flatPatient(await call('GET', `/v1/patients/${patientId}`)));
app.post('/v1/patients', async (request, reply) => {
  if (!judge(request.body.patient, reply)) return reply;
  return reply.code(201).send(flatPatient(await call('POST', '/v1/patients', canonicalPatient(request.body.patient))));
});
app.put('/v1/patients/:id', async (request, reply) => {
  if (!judge(request.body.patient, reply)) return reply;
  return flatPatient(await call('PATCH', `/v1/patients/${patientId}`, canonicalPatient(request.body.patient)));
});
app.get('/pub/patient', async (request) => {
  const size = Number(request.query['page[size]']);
  const offset = (Number(request.query['page[number]']) - 1) * size;
  const page = await call('GET', `/v1/patients?brand_id=acme&limit=${size}&offset=${offset}`);
  return { meta: { req_id: request.id, count: page.total }, links: { self: request.url }, data: page.patients.map(resource) };
});
app.post('/pub/patient_health_metric', async (request) => ({
  meta: { req_id: request.id, ignored: [] },
  data: await Promise.all(request.body.data.map(async ({ attributes: a }) => metricResource(await call('POST',
    `/v1/patients/${patientId}/metrics`, { metric_key: a.type, value_numeric: a.value, unit: a.unit, source: 'api', is_phi: true,
      recorded_at: new Date(a.occurred_at).toISOString() })))),
}));
app.get('/v1/patients/:id/metrics/:key', async (request) => call('GET', `/v1/patients/${patientId}/metrics/${request.params.key}`));
app.get('/v1/patients/:id/gauges', async () => {
  const { metrics } = await call('GET', `/v1/patients/${patientId}/metrics`);
  const series = await Promise.all(metrics.map((m) => call('GET', `/v1/patients/${patientId}/metrics/${m.metric_key}`)));
  const gauges = series.flatMap((s) => s.data.map(gauge)).sort((a, b) => (a.recorded_at < b.recorded_at ? 1 : -1));
  return { gauges, pagination: { current_page: 1, total_pages: 1, total_count: gauges.length, per_page: gauges.length } };
});

await app.listen({ host: '127.0.0.1', port: Number(port) });
