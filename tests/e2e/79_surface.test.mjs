// What a dialect is to its clients and to the backend stays as documents/surface has it: members with their bounds and words, operations
// with their scopes, parameters and statuses, and what each request makes of itself. DRAGOMAN_WRITE=1 writes the files anew, for changes
// that are meant. What Twine's own specification says of words and parameters is demanded besides.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeDialect } from './bodies.mjs';
import { root, sanitized, startGateway, transport } from './harness.mjs';
import { startRecorded } from './recorder.mjs';
import { described, happens, happensToOAuth, importKinds } from './surface.mjs';

const elsewhere = (transport === 'curl' || sanitized) && 'the same lines over any transport and in any build';
const place = (name) => join(root, 'tests/e2e/documents/surface', name);

function compare(name, lines) {
    if (process.env.DRAGOMAN_WRITE) writeFileSync(place(name), `${lines.join('\n')}\n`);
    const wanted = existsSync(place(name)) ? readFileSync(place(name), 'utf8').split('\n').slice(0, -1) : [];
    const [old, now] = [new Set(wanted), new Set(lines)],
        gone = wanted.filter((line) => !now.has(line)),
        come = lines.filter((line) => !old.has(line));
    const told = (list, mark) =>
        list
            .slice(0, 12)
            .map((line) => `${mark} ${line.slice(0, 600)}`)
            .join('\n');
    assert.ok(
        !gone.length && !come.length,
        `${name}: ${gone.length} lines are gone, ${come.length} are new\n${told(gone, '-')}\n${told(come, '+')}`,
    );
    assert.deepEqual(lines, wanted, `${name}: the lines are in another order`);
}

describe('what is described', { skip: elsewhere }, () => {
    for (const dialect of ['general', 'twine', 'patient-graph', 'fhir', 'oauth'])
        test(dialect, () => compare(`${dialect}.described.txt`, described(describeDialect(dialect))));
});

describe('what happens', { skip: elsewhere }, () => {
    let world;
    before(async () => importKinds((world = await startRecorded())));
    after(async () => {
        await world.gateway.stop();
        await world.recorder.stop();
    });

    for (const dialect of ['general', 'twine', 'patient-graph', 'fhir'])
        test(dialect, async () => compare(`${dialect}.happens.txt`, await happens(world, dialect)));
    test('oauth', async () => {
        const gateway = await startGateway({ patients: 1, set: { 'auth.failures_per_minute': '0' } });
        try {
            compare('oauth.happens.txt', await happensToOAuth({ gateway }));
        } finally {
            await gateway.stop();
        }
    });
});

/** The words of each member that has some: path -> words. `find` is what a $ref names. */
function wordsOf(schema, find, path = '', seen = [], found = new Map()) {
    if (schema.$ref)
        return seen.includes(schema.$ref)
            ? found
            : wordsOf(find(schema.$ref.split('/').at(-1)), find, path, [...seen, schema.$ref], found);
    if (schema.enum || 'const' in schema) found.set(path, [...(found.get(path) ?? []), ...(schema.enum ?? [schema.const])]);
    for (const part of [schema.allOf, schema.anyOf, schema.oneOf].flatMap((parts) => parts ?? []))
        wordsOf(part, find, path, seen, found);
    for (const [name, inner] of Object.entries(schema.properties ?? {})) wordsOf(inner, find, `${path}/${name}`, seen, found);
    return schema.items ? wordsOf(schema.items, find, `${path}[]`, seen, found) : found;
}

test("Twine's specification: its parameters, statuses and words", { skip: elsewhere }, () => {
    const { definitions, paths, parameters } = JSON.parse(
        readFileSync(createRequire(import.meta.url).resolve('@datafire/twinehealth/openapi.json'), 'utf8'),
    );
    const { api, operations } = describeDialect('twine'),
        faults = [],
        blank = (path) => path.replace(/\{\w+\}/g, '{}');
    const contradicted = ['post /oauth/token 201/data/type']; // its own example has the other word, oauth/token
    let words = 0;
    for (const [template, methods] of Object.entries(paths))
        for (const [method, documented] of Object.entries(methods)) {
            const o = operations.find((one) => one.method === method.toUpperCase() && blank(one.template) === blank(template)),
                what = `${method} ${template}`;
            if (!o) {
                faults.push(`${what} is not here`);
                continue;
            }
            const compare = (place, wanted, ours) => {
                for (const [path, list] of wordsOf(wanted, (name) => definitions[name] ?? {})) {
                    const own = wordsOf(ours, (name) => api.components.schemas[name] ?? {}).get(path),
                        lacks = own
                            ? list.filter((word) => !own.includes(word) && !contradicted.includes(`${what} ${place}${path}`))
                            : [];
                    words += own ? list.length : 0;
                    if (lacks.length) faults.push(`${what} ${place}${path} lacks ${lacks}`);
                }
            };
            for (const { name, in: place, schema, enum: list } of (documented.parameters ?? []).map((p) =>
                p.$ref ? parameters[p.$ref.split('/').at(-1)] : p,
            )) {
                const own = o.parameters.find((one) => one.name === name);
                if (place === 'body') compare('body', schema, Object.values(o.requestBody.content)[0].schema);
                else if (place === 'query' && !own) faults.push(`${what} has no ${name}`);
                else if (place === 'query' && own.schema.enum) compare(name, { enum: list ?? [] }, own.schema);
            }
            for (const [status, { schema }] of Object.entries(documented.responses)) {
                const own = o.responses[status];
                if (!own && !(template === '/health_question_definition' && status === '409'))
                    faults.push(`${what} has no ${status}`); // it has no parameter that could be wrong
                if (own && schema && status < 300) compare(status, schema, Object.values(own.content)[0].schema);
            }
        }
    assert.deepEqual(faults, []);
    assert.ok(words > 100, `${words} words`);
});
