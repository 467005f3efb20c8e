// Requests made at random about a patient of others: every operation, with the ids of that patient in every place where something can
// stand, in every spelling. No answer shows anything of it or tells its ids from ids that nobody has, and nothing of it changes.
// The seed is printed; DRAGOMAN_SEED gives another one, DRAGOMAN_TRIES the number of tries.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backendCall, signToken } from '../e2e/backend_kit.mjs';
import { answer, request, sanitized } from '../e2e/harness.mjs';
import { choices } from '../e2e/random.mjs';
import { attack } from './canary.mjs';
import { OF_BRAND, OF_GROUP, loadOperations, makeWorld, read, startAttacked } from './matrix.mjs';

const seed = Number(process.env.DRAGOMAN_SEED ?? 1);
const TRIES = Number(process.env.DRAGOMAN_TRIES ?? (sanitized ? 200 : 500));

const IGNORED = /"(?:req_id|request_id)":"[^"]*"/g;

/** One request on a connection of HTTP/2. */
function ask(session, authority, headers, method, path, body) {
    return new Promise((done, fail) => {
        const stream = session.request({ ':method': method, ':path': path, ':authority': authority, ...headers }, { endStream: body === undefined }), chunks = [];
        let head;
        stream.setTimeout(30000, () => stream.destroy(new Error(`${method} ${path}: no answer`)));
        stream.on('response', (got) => { head = got; });
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('error', (error) => fail(new Error(`${method} ${path} ${JSON.stringify(headers)} ${body}: ${error.message}`)));
        stream.on('close', () => (head ? done(answer(method, path, head[':status'], head, Buffer.concat(chunks))) : fail(new Error(`${method} ${path}: closed without an answer`))));
        if (body !== undefined) stream.end(body);
    });
}

/** Ids of the same forms that nobody has, in a brand that is the caller's own where the victim's is. */
function idsOfNobody(world, own) {
    const mine = new Set(['twine', 'general', 'fhir'].flatMap((dialect) => Object.values(own.ids[dialect])));
    const unlike = (kind, id) => (mine.has(id) ? id : kind === 'brand' ? (own.brand === world.brand ? id : id.length === 24 ? randomBytes(12).toString('hex') : 'initech') : /^\d+$/.test(id) ? `${Number(id) + 100000}`
        : /^[0-9a-f]{24}$/.test(id) ? randomBytes(12).toString('hex') : /^[0-9a-f-]{36}$/.test(id) ? randomUUID() : id.replace('canary', 'nobody'));
    const of = (ids, canonical) => Object.fromEntries(Object.entries(ids).map(([kind, id]) => [kind, id === world.canonical[kind] && canonical ? canonical[kind] : unlike(kind, id)]));
    const canonical = of(world.canonical);
    return { canonical, ids: { twine: of(world.ids.twine, canonical), general: of(world.ids.general, canonical), 'patient-graph': canonical, fhir: canonical } };
}

/** The world with what `own` may see of it, as one of the same brand, in the place of its own. */
function shared(world, own, is_grouped) {
    const open = world.brand !== own.brand ? [] : OF_BRAND.filter((kind) => !is_grouped || !OF_GROUP.includes(kind));
    const mix = (ids, from) => Object.fromEntries(Object.keys(ids).map((kind) => [kind, (open.includes(kind) ? from : ids)[kind]]));
    const canonical = mix(world.canonical, own.canonical);
    return { ...world, canonical, ids: { twine: mix(world.ids.twine, own.ids.twine), general: mix(world.ids.general, own.ids.general), 'patient-graph': canonical, fhir: canonical } };
}

/** All that such a world is called beside what `own` is: a list of texts, in lower case. */
function idsOf(world, own) {
    const all = (one) => ['twine', 'general', 'fhir'].flatMap((dialect) => Object.values(one.ids[dialect]).map((id) => id.toLowerCase())), known = new Set([...all(own), world.brand]);
    return [...new Set(all(world).filter((id) => !known.has(id)))];
}

for (const believes of [false, true]) describe(`a patient of others, ${believes ? 'a backend that believes the gateway' : 'the embedded backend'}, seed ${seed}, ${TRIES} tries`, () => {
    let gateway, store, stop, operations, theirs, other, attackers, known, session, n = 0;

    before(async () => {
        ({ store, gateway, stop } = await startAttacked(believes));
        operations = loadOperations().filter(({ row }) => !row.open);
        const mark = randomBytes(6).toString('hex'), worlds = [];
        for (const [brand, name] of [['globex', `canary-${mark}`], ['globex', `canary-o${mark}`], ['globex', 'mate'], ['acme', 'mine']]) worlds.push(await makeWorld(store, brand, name));
        const csv = join(gateway.stateDir, 'canary.csv');
        writeFileSync(csv, ['dialect,kind,brand,dialect_id,canonical_id', ...worlds.flatMap((world) => world.lines), ''].join('\n'));
        gateway.cli('crosswalk', 'import', csv);
        const [mate, mine] = worlds.splice(2); // General's numbers of acme are above those of globex, and stay there
        [theirs, other] = worlds;
        for (const world of worlds) await fillWithTexts(world);
        known = await learn();
        session = http2.connect(`http://127.0.0.1:${gateway.port}`);
        session.on('error', () => {});
        attackers = [
            { name: 'of another brand', own: mine, bound: {} },
            { name: 'bound to a patient', own: mate, bound: { patient_id: [mate.canonical.patient] } },
            { name: 'bound to a group', own: mate, bound: { groups: [mate.canonical.group] } },
            { name: 'bound to both', own: mate, bound: { patient_id: mate.canonical.patient, groups: [mate.canonical.group] } },
        ];
        for (const attacker of attackers) {
            attacker.victims = [theirs, other].map((world) => shared(world, attacker.own, attacker.bound.groups));
            attacker.nobody = attacker.victims.map((world) => idsOfNobody(world, attacker.own));
            attacker.watched = idsOf(attacker.victims[0], attacker.own);
            attacker.names = new RegExp(`(?<!matrix-|q-|token-|no address of |${attacker.own.brand === 'globex' ? 'brand-' : 'Group of brand-'})(?:${theirs.name}|${other.name})`, 'i');
        }
    });
    after(() => { session?.destroy(); return stop(); });

    const token = (world, scopes, bound) => signToken(gateway, { aud: 'dragoman', sub: 'canary', brand_id: world.brand, jti: world.canonical.token, scope: scopes.join(' '), ...bound });
    async function send(o, credential, { method, path, headers, body, h2 }) {
        const host = `${o.dialect}.localhost`, all = { ...(h2 ? {} : { host }), ...(o.dialect === 'general' ? { 'x-user-token': credential } : { authorization: `Bearer ${credential}` }), ...headers };
        if (body !== undefined) Object.assign(all, { 'content-type': o.row.form ? 'application/x-www-form-urlencoded' : o.type[0] ?? 'application/json', 'content-length': Buffer.byteLength(body) });
        return h2 ? ask(session, host, all, method, path, body) : request(gateway.port, method, path, { headers: all, body, agent: gateway.agent });
    }
    const own = (o, world) => ({ method: o.method, path: o.row.to.replace(/<[=~]?(\w+)>/g, (_, kind) => encodeURIComponent(world.ids[o.dialect][kind])).replaceAll(' ', '%20'), headers: {} });

    /** A text of its own in all that a patient has, and in what the dialects keep beside it. */
    async function fillWithTexts(world) {
        const { name } = world, fields = { email: `${name}@example.com`, phone: name, gender: name, metadata: { address: { line: name, city: name }, secret: name } };
        await backendCall(store, 'PATCH', `/v1/patients/${world.canonical.patient}`, fields, { brand: world.brand });
        const write = async (dialect, operation, document) => {
            const o = operations.find((one) => one.dialect === dialect && one.name === operation);
            const got = await send(o, token(world, o.scopes), { ...own(o, world), body: JSON.stringify(document) });
            assert.equal(got.status, 200, got.text);
        };
        await write('general', 'updatePatient', { patient: { nickname: name, email: `no address of ${name}` } });
        await write('twine', 'updatePatient', { data: { type: 'patient', id: world.ids.twine.patient, attributes: { note: name, colour: name } } });
        await write('twine', 'updateAction', { data: { type: 'action', id: world.ids.twine.action, attributes: { colour: name } } });
        await write('twine', 'updateCalendarEvent', { data: { type: 'calendar_event', id: world.ids.twine.encounter, attributes: { location: name, description: name } } });
    }
    /** What somebody could have seen over a shoulder: a version and a cursor. */
    async function learn() {
        const show = operations.find(({ name, dialect }) => name === 'showPatient' && dialect === 'patient-graph'), list = operations.find(({ name }) => name === 'fetchPatientHealthMetrics');
        const { etag } = (await send(show, token(theirs, show.scopes), own(show, theirs))).headers;
        const path = `/pub/patient_health_metric?filter[organization]=${theirs.ids.twine.brand}&page[limit]=1`;
        const { next } = (await send(list, token(theirs, list.scopes), { method: 'GET', path, headers: {} })).json.links;
        const cursor = new URLSearchParams(next.split('?')[1]).get('page[cursor]') ?? new URLSearchParams(next.split('?')[1]).get('page[after]');
        assert.ok(etag && cursor, `${etag} ${next}`);
        return [etag, cursor];
    }
    /** Everything of a world, as the backend has it and as each dialect shows it to who is bound to it. */
    async function everything(world) {
        const all = {};
        for (const kind of Object.keys(world.documents)) all[kind] = await read(store, world, kind);
        for (const bound of [{ patient_id: [world.canonical.patient] }, { groups: [world.canonical.group] }])
            for (const o of operations.filter(({ method, row }) => method === 'GET' && !row.none && (bound.groups ? !row.me && !row.grouped : !row.bound))) {
                const got = await send(o, token(world, o.scopes, bound), own(o, world));
                assert.ok(got.status < 300, `${o.label}: ${got.status} ${got.text}`);
                all[`${o.label} ${Object.keys(bound)}`] = got.text.replace(IGNORED, '');
            }
        return all;
    }

    test('s30_requests_made_at_random_show_and_change_nothing_of_others', async () => {
        const was = [await everything(theirs), await everything(other)], shown = JSON.stringify(was);
        for (const world of [theirs, other]) assert.ok(shown.split(world.name).length > 30, 'its texts are shown where they may be');
        const faults = [], kept = new Set(), reached = new Map(), show = operations.find(({ name, dialect }) => name === 'fetchPatient' && dialect === 'twine');
        // Then those again that take many documents, that choose the entity themselves, and that make one by what it refers to.
        const referring = operations.filter(({ row, name, dialect, method }) => row.many || name.startsWith('upsert') || (dialect === 'fhir' && method === 'POST' && row.body));
        assert.ok(referring.length > 7, 'bulk requests, upserts and creates');
        const count = (what) => reached.set(what, (reached.get(what) ?? 0) + 1);
        for (let i = 0; i < TRIES * 1.5 && faults.length < 20; i++) {
            const o = i < TRIES ? operations[i % operations.length] : referring[i % referring.length], attacker = attackers[Math.floor(i / operations.length + i) % attackers.length];
            const bound = o.row.me && !attacker.bound.patient_id ? { ...attacker.bound, patient_id: [attacker.own.canonical.patient] } : attacker.bound;
            const credential = token(attacker.own, o.scopes, bound);
            const make = (victim, free) => attack(o, choices(seed * 1000003 + i), { own: attacker.own, victim, other: free, known, n: ++n });
            const sent = make(...attacker.victims);
            // On the attacker's connection of HTTP/2 the patient itself asks at the same time, as it does behind a proxy.
            const [got, beside] = await Promise.all([send(o, credential, sent), sent.h2 && send(show, token(theirs, show.scopes), { ...own(show, theirs), h2: true })]);
            const what = `try ${i}, ${o.label}, ${attacker.name}: ${sent.method} ${sent.path} ${JSON.stringify(sent.headers)} ${sent.body ?? ''}\n  ${got.status} ${JSON.stringify(got.headers)} ${got.text.slice(0, 1500)}`;
            const twin = make(...attacker.nobody), unknown = await send(o, credential, twin);
            for (const kind of [attacker.name, `HTTP/${sent.h2 ? 2 : 1}`, ...(referring.includes(o) ? [o.label] : [])]) count(`${kind} ${Math.floor(got.status / 100)}`);
            if (beside && (beside.status !== 200 || !beside.text.includes(theirs.name))) faults.push(`the patient itself was answered ${beside.status} ${beside.text}: ${what}`);

            const said = `${decodeURIComponent(sent.path.replace(/%(?![0-9a-f]{2})/gi, '%25'))} ${sent.path} ${Object.values(sent.headers)} ${sent.body}`.toLowerCase();
            const seen = `${JSON.stringify(got.headers)} ${got.text}`.toLowerCase();
            if (attacker.names.test(seen)) faults.push(`shows a text: ${what}`);
            for (const id of attacker.watched) if (seen.includes(id) && !said.includes(id) && !kept.has(id) && new RegExp(`(?<![0-9a-z])${id}(?![0-9a-z])`).test(seen)) faults.push(`shows ${id}: ${what}`);
            if (got.status >= 500 && got.status !== 501) faults.push(`a fault of the gateway: ${what}`);
            // Identifiers are unique in a brand: who writes one that somebody has is told so (docs/security.md).
            const is_taken = got.status === 409 && attacker.own.brand === theirs.brand && said.includes(theirs.canonical.identifier);
            if (got.status !== unknown.status && !is_taken) faults.push(`tells it from nobody (${unknown.status} ${unknown.text.slice(0, 600)} for ${twin.method} ${twin.path} ${twin.body ?? ''}): ${what}`);
            if (got.status < 300 && sent.body) for (const id of attacker.watched) if (said.includes(id)) kept.add(id);
        }
        console.log(`# ${[...reached].map(([name, count]) => `${name}xx: ${count}`).sort().join(', ')}; kept as text: ${kept.size} ids`);
        assert.ok(!faults.length, faults.join('\n\n'));
        for (const { name } of attackers) assert.ok(reached.get(`${name} 2`) > TRIES / 100, `${name}: hardly anything succeeds`);
        for (const version of [1, 2]) assert.ok(reached.get(`HTTP/${version} 2`) > TRIES / 25, `HTTP/${version}: hardly anything succeeds`);
        const now = [await everything(theirs), await everything(other)];
        for (const [i, all] of was.entries()) for (const name of Object.keys(all)) assert.deepEqual(now[i][name], all[name], name);
    });
});
