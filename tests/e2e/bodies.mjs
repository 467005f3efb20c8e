// What `dragoman openapi` prints, at work: what judges answers by it, and documents made from its schemas: whole ones, ones with what
// is required alone, and the examples.
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { binary, root } from './harness.mjs';

/** The description of a dialect, and a row for each of its operations. */
export function describeDialect(dialect) {
    const api = JSON.parse(execFileSync(binary, ['openapi', '--dialect', dialect, '-c', `${root}/conf/dragoman.yaml`], { cwd: root, maxBuffer: 1 << 26 }));
    const prefix = api.servers[0].url === '/' ? '' : api.servers[0].url;
    const operations = Object.entries(api.paths).flatMap(([template, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ dialect, api, prefix, template, method: method.toUpperCase(), ...operation })));
    return { api, prefix, operations };
}

const formats = {
    date: '1990-02-03', 'date-time': '2024-02-29T10:00:00.000Z', email: 'ada@example.com', uuid: '123e4567-e89b-42d3-a456-426614174000',
};
const fits = (text, { pattern, minLength = 0, maxLength = 1e9 }) => text.length >= minLength && text.length <= maxLength && (!pattern || new RegExp(pattern, 'u').test(text));

function textOf(schema, id) {
    const all = [formats[schema.format], 'word', id, `Patient/${id}`, '07:30', '07:30:00', '555-0100', 'x', 'x'.repeat(schema.minLength ?? 1)];
    return all.find((text) => text !== undefined && fits(text, schema));
}

/** A value of the schema. `how`: whole, least (only what is required) or example; `id` stands where an id may. */
export function make(api, schema, how, id, name = '') {
    if (schema.$ref) {
        const found = api.components.schemas[schema.$ref.split('/').at(-1)];
        const examples = found.examples ?? api.components.schemas[schema.$ref.split('/').at(-1).replace(/Update$/, 'Create')]?.examples;
        return how === 'example' && examples ? examples[0] : make(api, found, how, id, name);
    }
    if ('const' in schema) return schema.const;
    if (schema.enum) return schema.enum[0];
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => make(api, part, how, id, name)));
    const one = (schema.anyOf ?? schema.oneOf)?.find(({ type }) => type !== 'null');
    if (one) return make(api, one, how, id, name);
    const type = [schema.type].flat()[0];
    if (type === 'string') return name === 'brand_id' ? 'acme' : ['id', 'groups'].includes(name) ? id : textOf(schema, id);
    if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 1, 1);
    if (type === 'boolean') return true;
    if (type === 'array') {
        const items = schema.items && make(api, schema.items, how, id, name);
        if (items === undefined && schema.minItems) return undefined; // nobody knows what
        return items === undefined ? [] : Array.from({ length: Math.max(1, schema.minItems ?? 1) }, () => items);
    }
    if (type !== 'object') return 'any';
    const members = Object.entries(schema.properties ?? {})
        .filter(([member]) => how !== 'least' || schema.required?.includes(member))
        .map(([member, inner]) => [member, make(api, inner, how, id, member)])
        .filter(([, value]) => value !== undefined);
    return Object.fromEntries(members);
}

/** The path with an id in the place of every name. */
export const fill = ({ prefix, template }, id) => prefix + template.replace(/\{\w+\}/g, id);

/** The parameters of the query that are demanded, or whole: all. */
export function query({ parameters = [], api }, how, id) {
    const wanted = parameters.filter((p) => p.in === 'query' && (how === 'whole' || p.required));
    const value = (p) => (/^(from|to|date)$/.test(p.name) ? '2024-01-01' : /patient|group|coach/.test(p.name) && p.schema.type === 'string' ? id : p.name === 'filter[organization]' ? '58c4554710123c5c40dbab81' : make(api, p.schema, how, id, p.name));
    return wanted.map((p) => `${p.name}=${encodeURIComponent(value(p))}`).join('&');
}

/** A dialect's description and what judges by it. */
export function load(dialect) {
    const { api, prefix } = describeDialect(dialect), ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
    ajv.addSchema({ $id: 'api:///', ...api });
    const pointer = (...parts) => 'api:///#/' + parts.map((p) => encodeURIComponent(String(p).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const find = (path) => {
        const own = path.split('?')[0].slice(prefix.length).split('/');
        const fits = (template) => template.split('/').length === own.length && template.split('/').every((s, i) => s.startsWith('{') || s === own[i]);
        return Object.keys(api.paths).filter(fits).sort((a, b) => a.split('{').length - b.split('{').length)[0];
    };
    return {
        api, ajv,
        check(pointerParts, value, what) {
            const judge = ajv.getSchema(pointer(...pointerParts));
            assert.ok(judge, `no schema at ${pointerParts.join('/')}`);
            assert.ok(judge(value), `${what}\n${JSON.stringify(value).slice(0, 1500)}\n${JSON.stringify(judge.errors?.slice(0, 5), null, 1)}`);
        },
        answer(got) {
            const template = find(got.path), what = `${got.method} ${got.path} ${got.status}`;
            assert.ok(template, `${what}: no such path`);
            const operation = api.paths[template][got.method.toLowerCase()];
            assert.ok(operation, `${what}: no such method`);
            assert.ok(operation.responses[got.status], `${what}: status not described`);
            const media = got.headers['content-type'].split(';')[0];
            this.check(['paths', template, got.method.toLowerCase(), 'responses', got.status, 'content', media, 'schema'], got.json, what);
            return got;
        },
    };
}
