// What every answer of a dialect looks like, success or error.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';

const ajv = new Ajv({ strict: false });
const documented = (name) => ajv.compile(JSON.parse(readFileSync(new URL(`documents/patient-graph-${name}.schema.json`, import.meta.url), 'utf8')));
const schemas = { patient: documented('patient'), metric: documented('metric'), encounter: documented('encounter') };

const day = /^\d{4}-\d\d-\d\d$/;
export const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const hex24 = /^[0-9a-f]{24}$/;

function fits(name, value) {
    assert.ok(schemas[name](value), `${name}: ${ajv.errorsText(schemas[name].errors)} in ${JSON.stringify(value)}`);
    for (const key of ['created_at', 'updated_at', 'recorded_at'])
        if (value[key] !== undefined) assert.match(value[key], moment, key);
    if (value.date_of_birth) assert.match(value.date_of_birth, day);
}

const keys = (value) => Object.keys(value);
const integer = (value, what) => assert.ok(Number.isSafeInteger(value), `${what}: ${value} is no integer`);

// ----------------------------------------------------------------------------------------------------- General

const PATIENT = ['id', 'first_name', 'last_name', 'date_of_birth', 'age', 'gender', 'phone', 'email', 'address', 'active', 'created_at', 'updated_at'];
const GAUGE = ['id', 'patient_id', 'gauge_type', 'value', 'scale_min', 'scale_max', 'recorded_at', 'notes', 'created_at'];

function generalPatient(patient) {
    assert.deepEqual(keys(patient).slice(0, PATIENT.length), PATIENT, 'documented keys in documented order');
    integer(patient.id, 'id');
    assert.equal(typeof patient.active, 'boolean');
    assert.match(patient.created_at, moment);
    assert.match(patient.updated_at, moment);
    if (patient.date_of_birth === null) assert.equal(patient.age, null);
    else integer(patient.age, 'age');
    if (patient.address !== null)
        assert.deepEqual(keys(patient.address).slice(0, 4), ['street', 'city', 'state', 'zip_code']);
}

function generalGauge(gauge) {
    assert.deepEqual(keys(gauge).slice(0, GAUGE.length), GAUGE, 'documented keys in documented order');
    integer(gauge.id, 'id');
    integer(gauge.patient_id, 'patient_id');
    assert.equal(typeof gauge.gauge_type, 'string');
    assert.match(gauge.recorded_at, moment);
}

function generalList(json, name, item) {
    assert.deepEqual(keys(json), [name, 'pagination']);
    assert.deepEqual(keys(json.pagination), ['current_page', 'total_pages', 'total_count', 'per_page']);
    Object.values(json.pagination).forEach((n) => integer(n, 'pagination'));
    json[name].forEach(item);
}

const general = {
    error({ json }) {
        assert.deepEqual(keys(json), ['errors']);
        if (typeof json.errors === 'string') return;
        for (const [field, messages] of Object.entries(json.errors))
            assert.ok(Array.isArray(messages) && messages.length && messages.every((m) => typeof m === 'string'), `messages of ${field}`);
    },
    success({ method, path, json }) {
        if (/\/gauges(\?|$)/.test(path)) return method === 'GET' ? generalList(json, 'gauges', generalGauge) : generalGauge(json);
        if (method === 'GET' && /\/patients(\?|$)/.test(path)) return generalList(json, 'patients', generalPatient);
        generalPatient(json);
    },
};

// ------------------------------------------------------------------------------------------------------- Twine

const CODES = ['Forbidden', 'InvalidParameter', 'InvalidBodyParameter', 'ResourceNotFound', 'Unauthorized', 'InvalidCredentials', 'InvalidGrantType'];

// The vendor's examples of these types have links without the prefix.
const BARE_LINKS = ['action', 'bundle', 'patient_plan_summary'];

function twineResource(resource) {
    const prefix = BARE_LINKS.includes(resource.type) ? '' : '/pub';
    assert.equal(typeof resource.type, 'string');
    assert.match(resource.id, hex24, 'id of 24 hex digits');
    assert.equal(typeof resource.attributes, 'object');
    if (resource.links?.self) assert.equal(resource.links.self, `${prefix}/${resource.type}/${resource.id}`);
    for (const { links } of Object.values(resource.relationships ?? {}))
        if (links?.related) assert.ok(links.related.startsWith(`${prefix}/${resource.type}/${resource.id}/`), 'links are relative');
    if (resource.type === 'patient') {
        const a = resource.attributes;
        for (const list of ['phone_numbers', 'addresses', 'identifiers', 'archive_history'])
            assert.ok(Array.isArray(a[list]), `${list} is an array, always`);
        assert.equal(typeof a.archived, 'boolean');
        if ('birth_date' in a) assert.match(a.birth_date, day);
        for (const [name, value] of Object.entries(a)) assert.notEqual(value, null, `${name}: absent scalars are omitted`);
    }
}

const twine = {
    error({ status, headers, json }) {
        assert.deepEqual(keys(json), ['meta', 'errors']);
        assert.equal(json.meta.req_id, headers['x-request-id']);
        assert.ok(Array.isArray(json.errors) && json.errors.length > 0, 'errors is an array');
        for (const error of json.errors) {
            assert.equal(error.status, String(status), 'status is a string');
            assert.ok(error.code !== undefined || error.title !== undefined, 'a code or a title');
            if (error.code !== undefined) assert.ok(CODES.includes(error.code), error.code);
            assert.equal(typeof error.detail, 'string');
            for (const [key, value] of Object.entries(error.source ?? {})) {
                assert.ok(['pointer', 'parameter'].includes(key));
                assert.equal(typeof value, 'string');
            }
        }
    },
    success({ method, headers, json }) {
        assert.equal(json.meta.req_id, headers['x-request-id']);
        if (method === 'DELETE') return assert.deepEqual(keys(json), ['meta'], 'a delete shows nothing');
        if (json.data === null) assert.deepEqual(json.meta.ignored, ['/data'], 'the only document was left out');
        else [json.data].flat().forEach(twineResource);
        for (const link of Object.values(json.links ?? {})) assert.ok(link.startsWith('/pub/'), 'links are relative');
        if (json.meta.ignored !== undefined) assert.ok(json.meta.ignored.every((name) => typeof name === 'string'));
    },
};

// ------------------------------------------------------------------------------------------------ JSON:API 1.0

const only = (object, members, what) => Object.keys(object).forEach((key) => assert.ok(members.includes(key), `${what} has a member ${key}`));
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const identity = ({ type, id }) => `${type} ${id}`;

function jsonApiLinks(links, what) {
    assert.ok(isObject(links), `links of ${what}`);
    for (const link of Object.values(links)) assert.ok(link === null || typeof link === 'string' || typeof link.href === 'string', `a link of ${what}`);
}

function jsonApiIdentifier(it, what) {
    only(it, ['type', 'id', 'meta'], what);
    assert.ok(typeof it.type === 'string' && it.type && typeof it.id === 'string' && it.id, `${what}: ${JSON.stringify(it)}`);
}

function jsonApiRelationship(relationship, what) {
    only(relationship, ['links', 'data', 'meta'], what);
    assert.ok(Object.keys(relationship).length > 0, `${what} is empty`);
    if (relationship.links !== undefined) jsonApiLinks(relationship.links, what);
    const { data } = relationship;
    if (data === undefined || data === null) return [];
    [data].flat().forEach((it) => jsonApiIdentifier(it, what));
    return [data].flat();
}

/** A resource object (section 5.2); what it relates to. Attributes named `type` are the vendor's, against section 5.2.2. */
function jsonApiResource(resource) {
    const what = identity(resource);
    only(resource, ['type', 'id', 'attributes', 'relationships', 'links', 'meta'], what);
    assert.ok(typeof resource.type === 'string' && resource.type && typeof resource.id === 'string' && resource.id, what);
    const { attributes = {}, relationships = {}, links } = resource;
    assert.ok(isObject(attributes) && isObject(relationships), what);
    for (const name of Object.keys(relationships)) assert.ok(!(name in attributes) && name !== 'id' && name !== 'type', `${what}: ${name} is taken`);
    if (links !== undefined) jsonApiLinks(links, what);
    return Object.entries(relationships).flatMap(([name, one]) => jsonApiRelationship(one, `${what}, ${name}`));
}

function jsonApiError(error) {
    assert.ok(isObject(error) && Object.keys(error).length > 0, 'an error');
    only(error, ['id', 'links', 'status', 'code', 'title', 'detail', 'source', 'meta'], 'an error');
    for (const key of ['status', 'code', 'title', 'detail']) assert.ok(['undefined', 'string'].includes(typeof error[key]), `${key} of an error`);
    if (error.source !== undefined) only(error.source, ['pointer', 'parameter'], 'source');
}

/** A JSON:API 1.0 document: members, resources, one object per type and id, full linkage of what is included. */
export function checkJsonApi(document) {
    assert.ok(isObject(document), 'the top is an object');
    only(document, ['data', 'errors', 'meta', 'jsonapi', 'links', 'included'], 'the top');
    const { data, errors, included, links } = document;
    assert.ok((data === undefined) !== (errors === undefined) || document.meta !== undefined, 'data, errors or meta');
    assert.ok(data === undefined || errors === undefined, 'data and errors together');
    assert.ok(included === undefined || data !== undefined, 'included without data');
    if (links !== undefined) jsonApiLinks(links, 'the top');
    if (errors !== undefined) return errors.forEach(jsonApiError);
    const all = [...[data ?? []].flat(), ...(included ?? [])];
    const related = new Set(all.flatMap(jsonApiResource).map(identity));
    assert.equal(new Set(all.map(identity)).size, all.length, 'one resource object per type and id');
    for (const one of included ?? []) assert.ok(related.has(identity(one)), `${identity(one)} is included, and nothing links to it`);
}

// ----------------------------------------------------------------------------------------------- patient-graph

const graph = {
    error({ json }) {
        assert.deepEqual(keys(json), ['error', 'message']);
        assert.match(json.error, /^[a-z_]+$/);
        assert.equal(typeof json.message, 'string');
    },
    success({ method, path, json }) {
        const bare = path.replace(/\?.*/, '');
        if (method === 'DELETE') {
            assert.deepEqual(keys(json), ['status', 'rows_affected']);
            assert.match(json.status, /^(deleted|not_present)$/);
        } else if (/\/safe$/.test(bare)) {
            assert.deepEqual(keys(json).sort(), ['brand_id', 'created_at', 'external_ids', 'id', 'metadata', 'status', 'updated_at']);
        } else if (/\/metrics$/.test(bare) && method === 'GET') {
            assert.deepEqual(keys(json), ['patient_id', 'metrics']);
            for (const key of json.metrics)
                assert.deepEqual(keys(key).sort(), ['is_phi', 'last_recorded_at', 'last_value', 'metric_key', 'unit']);
        } else if (/\/metrics\/[^/]+$/.test(bare)) {
            assert.deepEqual(keys(json), ['patient_id', 'metric_key', 'data', 'count']);
            assert.equal(json.count, json.data.length);
            json.data.forEach((m) => fits('metric', m));
        } else if (/\/metrics$/.test(bare)) {
            fits('metric', json);
        } else if (/\/encounters$/.test(bare)) {
            if (method === 'POST') return fits('encounter', json);
            assert.deepEqual(keys(json), ['patient_id', 'encounters', 'total']);
            json.encounters.forEach((e) => fits('encounter', e));
        } else if (/\/patients$/.test(bare) && method === 'GET') {
            assert.deepEqual(keys(json), ['patients', 'total']);
            json.patients.forEach((p) => fits('patient', p));
            integer(json.total, 'total');
        } else {
            fits('patient', json);
        }
    },
};

// --------------------------------------------------------------------------------- the gateway's own endpoints

const oauth = {
    error({ json }) {
        assert.equal(typeof json.error, 'string');
        for (const key of keys(json)) assert.ok(['error', 'error_description', 'error_uri'].includes(key), key);
    },
    success() {},
};

// -------------------------------------------------------------------- FHIR R4 (fhir_kit.mjs validates every resource)

const fhir = {
    error({ json }) {
        assert.equal(json.resourceType, 'OperationOutcome');
        assert.ok(json.issue.length);
        for (const { severity, code } of json.issue) assert.ok(severity === 'error' && /^[a-z-]+$/.test(code), code);
    },
    success({ json }) { assert.match(json.resourceType, /^(Patient|Observation|Encounter|Bundle|CapabilityStatement)$/); },
};

const dialects = { general, twine, 'patient-graph': graph, fhir, oauth };

export function checkShape(dialect, answer) {
    const where = `${dialect} ${answer.method} ${answer.path} -> ${answer.status}`;
    try {
        assert.match(answer.headers['x-request-id'] ?? '', /^[0-9a-f-]{16,}$/, 'X-Request-Id');
        if (answer.method === 'HEAD' || answer.status === 304) return;
        assert.match(answer.headers['content-type'] ?? '', /^application\/(json|vnd\.api\+json|fhir\+json)(;|$)/, 'content type');
        if (answer.status >= 400) dialects[dialect].error(answer);
        else dialects[dialect].success(answer);
        // A token that was asked for without `data` is answered for RFC 6749 clients, too.
        if (dialect === 'twine' && !('access_token' in answer.json)) checkJsonApi(answer.json);
        if (answer.status === 401) assert.match(answer.headers['www-authenticate'] ?? '', /^(Bearer|Token) realm="/, 'WWW-Authenticate');
        if (answer.status === 405) assert.ok(answer.headers.allow, 'Allow');
    } catch (error) {
        error.message = `${where}: ${error.message}\n${answer.text.slice(0, 1500)}`;
        throw error;
    }
}
