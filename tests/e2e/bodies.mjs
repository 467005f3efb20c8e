// Documents made from the schemas that `dragoman openapi` prints: whole ones, ones with what is required alone, and the examples.
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
        return how === 'example' && found.examples ? found.examples[0] : make(api, found, how, id, name);
    }
    if ('const' in schema) return schema.const;
    if (schema.enum) return schema.enum[0];
    const one = (schema.anyOf ?? schema.oneOf)?.find(({ type }) => type !== 'null');
    if (one) return make(api, one, how, id, name);
    const type = [schema.type].flat()[0];
    if (type === 'string') return name === 'brand_id' ? 'acme' : name === 'id' ? id : textOf(schema, id);
    if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 1, 1);
    if (type === 'boolean') return true;
    if (type === 'array') {
        const items = schema.items && make(api, schema.items, how, id, name);
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
    const value = (p) => (/patient|group|coach/.test(p.name) && p.schema.type === 'string' ? id : p.name === 'filter[organization]' ? '58c4554710123c5c40dbab81' : make(api, p.schema, how, id, p.name));
    return wanted.map((p) => `${p.name}=${encodeURIComponent(value(p))}`).join('&');
}
