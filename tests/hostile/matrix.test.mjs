// Who gets in: every operation of every dialect (matrix.mjs) without a token, without each of its scopes, with entities of another
// brand, of another patient and of another group, and as it should be.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backendCall, signToken } from '../e2e/backend_kit.mjs';
import { request, root } from '../e2e/harness.mjs';
import { MARK, OF_BRAND, OF_GROUP, loadOperations, makeWorld, nobody, read, rows, startAttacked } from './matrix.mjs';

const FAULT = { twine: 409, fhir: 422, 'patient-graph': 400, general: 422 }; // an id of a body that means nothing
const NO_ENTITY = ['n', 'client', 'secret', 'identifier'];

/** The places of a row where an entity is named. */
function places(row) {
    const [path, query = ''] = row.to.split('?');
    const of = (place, text) => [...text.matchAll(MARK)].filter(([, mark, kind]) => mark !== '=' && !NO_ENTITY.includes(kind)).map(([, mark, kind]) => ({ place, kind, loose: mark === '~' }));
    const found = [...of('path', path), ...of('query', query), ...of('query', row.form ?? ''), ...of('body', JSON.stringify(row.body ?? ''))];
    return found.filter((one, i) => found.findIndex((other) => other.place === one.place && other.kind === one.kind) === i);
}

const file = (dialect, part) => readFileSync(join(root, 'mappings', dialect, part), 'utf8');
/** What the mapping says of an operation. */
function blockOf({ dialect, name }) {
    const text = file(dialect, 'dialect.yaml'), whole = text.slice(text.indexOf('\noperations:'));
    return whole.split(/\n(?=  \w+:)/).find((part) => part.trimStart().startsWith(`${name.replace(/(_patch|ByForm)$/, '')}:`)) ?? '';
}

/** The kinds of entities that an operation can name, read from its mapping: path, query, look-ups, and members that a request may have. */
function kindsNamed({ dialect, name }) {
    const block = blockOf({ dialect, name });
    const kinds = new Set([...block.matchAll(/type: ids?, kind: (\w+)/g)].map(([, kind]) => kind));
    const resource = /body:.*resource: (\w+)/.exec(block)?.[1] ?? /resource: (\w+)/.exec(block)?.[1];
    const lens = /\n    body:/.test(block) && readdirSync(join(root, 'mappings', dialect)).map((part) => (part === 'dialect.yaml' ? '' : file(dialect, part))).find((part) => part.includes(`\nresource: ${resource}\n`));
    const read_only = /\n    stored:/.test(block) ? /read_only: (true|update)/ : /read_only: (true|create)/;
    for (const line of writable((lens || '').split('\n'), read_only))
        if (/\bkind: \w+/.test(line)) kinds.add(/kind: (\w+)/.exec(line)[1]);
    return kinds;
}

/** The lines of a lens without those of members that are only shown: one of a line, or a block around a line of its own. */
function writable(lines, read_only) {
    const depth = (line) => line.search(/\S|$/), only = new Set();
    lines.forEach((line, i) => {
        if (!read_only.test(line)) return;
        only.add(i);
        for (const step of /^\s*read_only:/.test(line) ? [-1, 1] : [])
            for (let k = i + step; k in lines && depth(lines[k]) >= depth(line); k += step) only.add(k);
    });
    return lines.filter((_, i) => !only.has(i));
}

for (const believes of [false, true]) describe(`operations and tokens, ${believes ? 'a backend that believes the gateway' : 'the embedded backend'}`, () => {
    let gateway, store, stop, operations, mine, hers, theirs, spare, oauth;
    before(async () => {
        ({ store, gateway, stop } = await startAttacked(believes));
        operations = loadOperations();
        oauth = JSON.parse(gateway.cli('client', 'add', '--name', 'matrix', '--brand', 'acme'));
        gateway.secrets.add(oauth.client_secret);
        [mine, hers, theirs, ...spare] = [];
        for (const [brand, name] of [['acme', 'mine'], ['acme', 'hers'], ['globex', 'theirs'], ['acme', 'spare'], ['acme', 'spare2'], ['acme', 'spare3']]) spare.push(await makeWorld(store, brand, name));
        [mine, hers, theirs] = spare.splice(0, 3);
        const csv = join(gateway.stateDir, 'matrix.csv');
        writeFileSync(csv, ['dialect,kind,brand,dialect_id,canonical_id', ...[mine, hers, theirs, ...spare].flatMap((world) => world.lines), ''].join('\n'));
        gateway.cli('crosswalk', 'import', csv);
    });
    after(() => stop());

    /** All of them are tried; the faults are told together. */
    async function each(list, tried) {
        const faults = [];
        for (const one of list) {
            try {
                await tried(one);
            } catch (error) {
                if (error.code !== 'ERR_ASSERTION') throw error;
                faults.push(error.message);
            }
        }
        assert.ok(list.length && !faults.length, `${faults.length} of ${list.length}\n${faults.join('\n')}`);
    }
    const guarded = () => operations.filter((o) => !o.row.open);
    /** Who asks. `patients`, `groups`: worlds that the token is bound to. */
    const token = (scopes, { patients, groups, world = mine } = {}) => signToken(gateway, { aud: 'dragoman', sub: 'matrix', brand_id: world.brand, jti: world.canonical.token, scope: scopes.join(' '),
        ...(patients && { patient_id: patients.map((one) => one.canonical.patient) }), ...(groups && { groups: groups.map((one) => one.canonical.group) }) });
    let n = 0;
    /** The row's request with the ids of `world`, but for `swap`: { place, kind, id }. */
    function build({ dialect, row }, world, swap) {
        const values = { ...world.ids[dialect], client: oauth.client_id, secret: oauth.client_secret };
        const fill = (place, text) => text.replace(MARK, (_, mark, kind) => {
            if (kind === 'n') return ++n;
            const swapped = swap && swap.kind === kind && swap.place === (mark === '=' ? 'path' : place);
            return swapped ? swap.id : values[kind] ?? assert.fail(`no ${kind}`);
        });
        const [path, query] = row.to.split('?');
        return { path: fill('path', path) + (query ? `?${encodeURI(fill('query', query))}` : ''), body: row.form ? fill('query', row.form) : row.body && fill('body', JSON.stringify(row.body)) };
    }
    async function ask(o, credential, world = mine, swap = undefined) {
        const { path, body } = build(o, world, swap), headers = o.dialect === 'oauth' ? {} : { host: `${o.dialect}.localhost` };
        if (credential) Object.assign(headers, o.dialect === 'general' ? { 'x-user-token': credential } : { authorization: `Bearer ${credential}` });
        if (body) Object.assign(headers, { 'content-type': o.row.form ? 'application/x-www-form-urlencoded' : o.type[0], 'content-length': Buffer.byteLength(body) });
        return { sent: path + (body ?? ''), ...(await request(gateway.port, o.method, path, { headers, body, agent: gateway.agent }).then((got) => ({ ...got, json: undefined }))) };
    }
    const said = (o, what, got) => `${o.label} ${what}: ${got.status} for ${got.sent}: ${got.text.slice(0, 600)}`;
    const done = (o) => (o.row.none ? 501 : o.done);
    /** Nothing of such a world is in the answer, but what the request said itself. */
    function shows_nothing_of(world, o, got, kinds = Object.keys(world.documents)) {
        for (const kind of kinds)
            for (const id of [world.canonical[kind], world.ids[o.dialect][kind]])
                assert.ok(got.sent.includes(id) || !got.text.includes(`"${id}"`), said(o, `shows the ${kind} of ${world.name}`, got));
    }
    const of_patient = (world) => Object.keys(world.documents).filter((kind) => !OF_BRAND.includes(kind));
    /** Answers to the same request about an entity of somebody else and one of nobody are the same. */
    function alike(o, what, other, unknown, ids) {
        const plain = (got) => JSON.stringify([got.status, ids.reduce((text, id) => text.replaceAll(id, 'X'), got.text.replaceAll(got.headers['x-request-id'], '')), Object.keys(got.headers).sort()]);
        assert.equal(plain(other), plain(unknown), `${o.label}: ${what} unlike what nobody has`);
    }
    /** The list of an answer, if it is one. */
    const items = (got) => Object.values(JSON.parse(got.text)).find(Array.isArray) ?? [JSON.parse(got.text).data].flat();
    function selects_nothing(o, what, got) {
        if (o.row.none) return;
        const json = JSON.parse(got.text);
        assert.ok(o.dialect === 'fhir' ? json.total === 0 && !json.entry : json.data.length === 0, said(o, what, got));
    }
    /** In turn: what changes, what reads, what destroys. */
    const in_turn = () => guarded().map((o) => [o.row.destroys ? 2 + (o.name === 'erasePatient') : o.method === 'GET' ? 1 : 0, o]).sort(([a], [b]) => a - b).map(([, o]) => o);

    test('s26_the_matrix_is_whole', () => {
        const known = Object.entries(rows).flatMap(([dialect, of]) => Object.keys(of).map((name) => `${dialect} ${name}`));
        assert.deepEqual(known.sort(), operations.map((o) => o.label).sort(), 'rows, and operations of the mappings');
        assert.ok(guarded().length > 110, `${guarded().length} operations`);
        for (const o of operations) {
            const template = new RegExp(`^${o.path.replace(/[.]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`);
            assert.match(o.row.to.split('?')[0], template, o.label);
            assert.equal(!!(o.row.body ?? o.row.form), o.has_body, `${o.label}: a body`);
            assert.equal(!o.row.open, o.scopes.length > 0, `${o.label}: open, or with scopes`);
            assert.equal(!!o.row.many, /\n    body:.*\bmany: \d/.test(blockOf(o)), `${o.label}: an array of documents`);
            // Whoever says that no entity can be named, or forgets one, is contradicted by the mapping.
            const named = new Set(places(o.row).map(({ kind }) => kind));
            for (const kind of o.row.open ? [] : kindsNamed(o)) assert.ok(named.has(kind), `${o.label} can name a ${kind}, its row does not`);
            assert.equal(!named.size, !!(o.row.about || o.row.me || o.row.open), `${o.label}: what it names, or why nothing`);
        }
        for (const world of [mine, hers])
            for (const [kind, document] of Object.entries(world.documents))
                assert.equal('patient_id' in document && document.patient_id !== null, kind !== 'patient' && !OF_BRAND.includes(kind), `${kind} belongs to a patient or to the brand`);
    });

    test('s26_every_operation_wants_a_token', async () => {
        await each(guarded(), async (o) => {
            const got = await ask(o);
            assert.equal(got.status, 401, said(o, 'without a token', got));
        });
        await each(operations.filter(({ row }) => row.open), async (o) => {
            let got = await ask(o);
            for (let tries = 0; tries < 100 && got.status === 401; tries++) { // a client added by another process is seen within one second
                await new Promise((next) => setTimeout(next, 50));
                got = await ask(o);
            }
            assert.equal(got.status, o.done, said(o, 'is open', got));
            for (const [, secret] of got.text.matchAll(/"(?:access|refresh)_token":"([^"]+)"/g)) gateway.secrets.add(secret);
        });
    });

    test('s26_every_operation_wants_each_of_its_scopes', async () => {
        const words = [...new Set(operations.flatMap((o) => o.scopes.map((scope) => scope.split(':')[1])))];
        const every = words.flatMap((word) => ['read', 'write', 'manage', 'admin'].map((verb) => `${verb}:${word}`));
        await each(guarded().flatMap((o) => o.scopes.map((scope) => [o, scope])), async ([o, scope]) => {
            const [verb, word] = scope.split(':'), enough = verb === 'admin' ? [scope] : [scope, `manage:${word}`, `admin:${word}`];
            const got = await ask(o, token(every.filter((one) => !enough.includes(one))));
            assert.equal(got.status, 403, said(o, `without ${scope}`, got));
            assert.match(got.headers['www-authenticate'] ?? '', /insufficient_scope/, o.label);
        });
    });

    /** Every place of every operation where such a kind of entity is named. */
    const everywhere = (fits) => guarded().filter(({ row }) => !row.me).flatMap((o) => places(o.row).filter(fits).map((where) => ({ o, ...where })));
    /** The request with somebody else's entity in that place, and that it is answered like one of nobody. */
    async function tell_apart({ o, place, kind, loose }, credential, world, expected) {
        if (loose) credential = token(o.scopes, { world: spare[2] });
        const id = world.ids[o.dialect][kind], none = nobody(o.dialect)[kind], what = `with ${kind} of ${world.name} in the ${place}`;
        const other = await ask(o, credential, loose ? spare[2] : mine, { place, kind, id });
        assert.equal(other.status, expected, said(o, what, other));
        if (place === 'query' && expected < 300) selects_nothing(o, what, other);
        shows_nothing_of(world, o, other, world === theirs ? undefined : of_patient(world));
        if (loose) return;
        const unknown = await ask(o, credential, mine, { place, kind, id: none });
        alike(o, what, other, unknown, [id, none]);
        if (world === theirs) twins.push([`${o.label} ${what}`, other, unknown]);
    }
    const twins = [];
    /** What takes time is calls to the backend: as many for somebody else's entity as for nobody's. */
    async function take_the_same_time() {
        let calls;
        for (let waited = 0; waited < 5000; waited += 20, await new Promise((next) => setTimeout(next, 20))) {
            calls = new Map(gateway.accessLog().map((line) => [line.request_id, line.upstream_calls]));
            if (twins.every((twin) => twin.slice(1).every(({ headers }) => calls.has(headers['x-request-id'])))) break;
        }
        await each(twins, ([what, ...both]) => {
            const [other, unknown] = both.map(({ headers }) => calls.get(headers['x-request-id']));
            assert.ok(other !== undefined && other === unknown, `${what}: ${other} calls, and ${unknown} for what nobody has`);
        });
    }

    test('s31_every_operation_answers_foreign_ids_like_unknown_ones', async () => {
        await each(everywhere(() => true), (where) => {
            const { o, place, kind, loose } = where;
            const expected = o.row.none || loose ? done(o) : kind === 'brand' && o.dialect === 'patient-graph' ? 403
                : place === 'path' ? o.row.absent ?? 404 : place === 'query' ? o.done : o.dialect === 'twine' ? 409 : 404;
            return tell_apart(where, token(o.scopes), theirs, expected);
        });
        await take_the_same_time();
    });

    test('s30_every_operation_keeps_foreign_patients_from_a_bound_token', () => each(everywhere(({ kind, loose }) => !loose && !OF_BRAND.includes(kind)), (where) => {
        const { o, place, kind } = where;
        const expected = o.row.bound || kind === 'patient' ? 403 : place === 'path' ? 404 : place === 'query' ? o.done : FAULT[o.dialect];
        return tell_apart(where, token(o.scopes, { patients: [mine] }), hers, expected);
    }));

    test('s30_every_operation_keeps_foreign_groups_from_a_bound_token', () => each(everywhere(({ kind, loose }) => !loose && (!OF_BRAND.includes(kind) || OF_GROUP.includes(kind))), (where) => {
        const { o, place } = where;
        const expected = o.row.grouped ? 403 : place === 'path' ? 404 : place === 'query' ? (o.row.none ? 404 : o.done) : FAULT[o.dialect];
        return tell_apart(where, token(o.scopes, { groups: [mine] }), hers, expected);
    }));

    test('s30_operations_about_the_caller_s_own_patient', () => each(guarded().filter(({ row }) => row.me), async (o) => {
        for (const bound of [{}, { patients: [] }, { patients: [mine, hers] }, { groups: [mine] }]) {
            const got = await ask(o, token(o.scopes, bound));
            assert.equal(got.status, 403, said(o, `bound to ${JSON.stringify(Object.keys(bound))}`, got));
        }
        const got = await ask(o, token(o.scopes, { patients: [hers] }), mine);
        assert.equal(got.status, done(o), said(o, 'of another patient', got));
        shows_nothing_of(mine, o, got, of_patient(mine));
    }));

    const BOUNDS = [['nothing', {}, () => false], ['its patient', { patients: true }, ({ bound }) => bound], ['its group', { groups: true }, ({ grouped }) => grouped]];
    for (const [i, [name, bound, refused]] of BOUNDS.entries())
        test(`s26_every_operation_is_open_to_its_scopes: a token bound to ${name}`, () => each(in_turn().filter(({ row }) => !row.me || i === 1), async (o) => {
            const world = o.row.destroys ? spare[i] : mine;
            const got = await ask(o, token(o.scopes, { world, patients: bound.patients && [world], groups: bound.groups && [world] }), world);
            assert.equal(got.status, refused(o.row) ? 403 : done(o), said(o, '', got));
            shows_nothing_of(theirs, o, got);
            if (i) shows_nothing_of(hers, o, got, [...of_patient(hers), ...(bound.groups ? OF_GROUP : [])]);
            if (o.method === 'GET' && got.status < 300 && !o.row.empty) assert.ok(items(got).length, said(o, 'shows nothing', got));
        }));

    test('s30_nothing_of_anybody_else_was_touched', async () => {
        for (const world of [hers, theirs])
            for (const [kind, document] of Object.entries(world.documents)) {
                if (kind === 'patient' && world === hers) continue; // she has verified her age, above
                assert.deepEqual(await read(store, world, kind), document, `the ${kind} of ${world.name}`);
            }
        // What has been made meanwhile names nothing of hers.
        const own = new Set(Object.values(hers.canonical));
        for (const name of ['plans', 'actions', 'bundles', 'results', 'reward_program_activations', 'rewards', 'reward_earnings', 'reward_earning_fulfillments', 'calendar_event_responses', 'encounters', 'metrics'])
            for (const one of (await backendCall(store, 'GET', `/v1/${name}?limit=1000`))[name])
                if (!own.has(one.id)) for (const kind of of_patient(hers)) assert.ok(!JSON.stringify(one).includes(hers.canonical[kind]), `${name} ${one.id} names the ${kind} of hers`);
    });
});
