// A FHIR client in raw HTTP, and what judges every resource it is answered: the npm package `fhir`.
import assert from 'node:assert/strict';
import { Fhir } from 'fhir';
import { request } from './harness.mjs';

const validator = new Fhir();

/** hl7.org/fhir/R4/valueset-issue-type.html, and the parents of what stands under one. */
const ISSUES = ['invalid', 'structure', 'required', 'value', 'invariant', 'security', 'login', 'unknown', 'expired', 'forbidden', 'suppressed', 'processing', 'not-supported',
    'duplicate', 'multiple-matches', 'not-found', 'deleted', 'too-long', 'code-invalid', 'extension', 'too-costly', 'business-rule', 'conflict', 'transient', 'lock-error',
    'no-store', 'exception', 'timeout', 'incomplete', 'throttled', 'informational'];

/** Fails with the validator's words unless the resource is valid R4, without elements that R4 does not know. */
export function assertValid(resource, where = '') {
    const { valid, messages } = validator.validate(resource, { errorOnUnexpected: true });
    const errors = messages.filter((m) => m.severity === 'error');
    assert.ok(valid && !errors.length, `${where}: ${JSON.stringify(errors)}\n${JSON.stringify(resource).slice(0, 3000)}`);
    emptyNowhere(resource, where);
}

/** R4: "an element or array is never empty". */
function emptyNowhere(value, where) {
    if (typeof value !== 'object' && value !== '') return;
    assert.ok(value !== null && value !== '' && Object.keys(value).length, `${where}: something is empty`);
    for (const inner of Object.values(value)) emptyNowhere(inner, where);
}

export class FhirClient {
    constructor(gateway, token) { Object.assign(this, { gateway, token }); }

    async call(method, path, { body, status, headers = {}, prefix = '/fhir' } = {}) {
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
        const got = await request(this.gateway.port, method, `${prefix}${path}`, {
            headers: {
                ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
                ...(text === undefined ? {} : { 'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(text) }),
                ...headers,
            },
            body: text, agent: this.gateway.agent,
        });
        const where = `${method} ${path} -> ${got.status}`;
        if (status != null) assert.equal(got.status, status, `${where}\n> ${String(text).slice(0, 1500)}\n< ${got.text.slice(0, 1500)}`);
        if (method !== 'HEAD' && got.status !== 304) {
            assert.match(got.headers['content-type'] ?? '', /^application\/(fhir\+json|json)$/, where);
            assertValid(got.json, where);
            assert.equal(got.json.resourceType === 'OperationOutcome', got.status >= 400, where);
            for (const issue of got.json.issue ?? []) {
                assert.ok(ISSUES.includes(issue.code) && issue.severity === 'error', `${where}: ${got.text}`);
                assert.ok(issue.diagnostics?.length > 3, `${where}: ${got.text}`);
            }
        }
        return got;
    }

    get(path, status = 200, headers) { return this.call('GET', path, { status, headers }); }
    post(path, body, status = 201, headers) { return this.call('POST', path, { body, status, headers }); }
    put(path, body, status = 200, headers) { return this.call('PUT', path, { body, status, headers }); }

    /** The ids of what a search finds, all pages of it, walked by the links. */
    async found(path) {
        const ids = [];
        for (let url = path, pages = 0; url; pages++) {
            assert.ok(pages < 100, 'the links come to an end');
            const { json } = await this.get(url);
            ids.push(...(json.entry ?? []).map((e) => e.resource.id));
            const next = json.link.find((l) => l.relation === 'next')?.url;
            assert.match(next ?? 'X?', /^[A-Z][A-Za-z]*\?/, 'relative to the base');
            url = next && `/${next}`;
        }
        return ids;
    }
}
