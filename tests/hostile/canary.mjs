// One request made at random: an operation's row of matrix.mjs, with ids of the caller's own patient and of a victim in the places that
// the row names, spelt in ways that could be taken for the id; with more parameters, members and header fields; with another method.
// The same choices with the ids of another world make the same request about another patient. Half of the requests go over HTTP/2.
import { MARK } from './matrix.mjs';


/** What a careless reader could take for the same id. */
const SPELLINGS = [
    (id) => id, (id) => id.toUpperCase(), (id) => ` ${id}`, (id) => `${id} `, (id) => `${id}\0`, (id) => `${id}\0x`, (id) => `\ufeff${id}`, (id) => `0${id}`, (id) => `+${id}`,
    (id) => `-${id}`, (id) => `${id}.0`, (id) => `${id}e0`, (id) => `0x${Number(id).toString(16)}`, (id) => (/^\d+$/.test(id) ? `${BigInt(id) + (1n << 64n)}` : `${id}\n`),
    (id) => (/^\d+$/.test(id) ? `${BigInt(id) + (1n << 32n)}` : `${id}\r`), (id) => `${id},${id}`, (id) => `,${id}`, (id) => `"${id}"`, (id) => `{${id}}`, (id) => `urn:uuid:${id}`,
    (id) => `Patient/${id}`, (id) => `Patient/${id}/_history/1`, (id) => `http://localhost/fhir/Patient/${id}`, (id) => `#${id}`, (id) => `${id}#`, (id) => `${id}?`, (id) => `${id};x=1`,
    (id) => `../${id}`, (id) => `${id}/..`, (id) => `./${id}`, (id) => `${id}/`, (id) => `${id}%00`, (id) => id.replaceAll('-', ''), (id) => id.replace(/^./, (c) => String.fromCodePoint(c.codePointAt(0) + 0xfee0)),
];

/** Members and parameters that some dialect, the backend or a careless mapping could know. */
const MEMBERS = ['id', 'patient_id', 'brand_id', 'patient', 'patients', 'owner', 'owner_id', 'group', 'group_id', 'group_ids', 'groups', 'care_team', 'provider_id', 'coaches', 'plan', 'plan_id', 'action_id', 'bundles',
    'actions', 'encounter_id', 'metric_id', 'sender_id', 'receiver_id', 'reward_id', 'metadata', 'external_ids', 'identifiers', 'identifier', 'organization', 'relationships', 'attributes', 'included', 'meta', 'subject', 'link',
    'links', 'query', 'data', 'type', 'status', 'tenant', 'sub', 'created_by', 'version', 'rest', '__proto__', 'constructor', 'managingOrganization', 'generalPractitioner', 'contained', 'participant', 'performer', 'body', '$brand'];
const PARAMETERS = ['brand_id', 'patient_id', 'group_id', 'id', 'ids', 'patient', 'subject', '_id', 'identifier', 'external_id', 'search', 'name', 'filter[patient]', 'filter[groups]', 'filter[group]', 'filter[organization]',
    'filter[identifier]', 'filter[actions]', 'filter[receiver]', 'filter[sender]', 'filter[id]', 'include', '_include', '_revinclude', '_has:Observation:patient:code', 'sort', '_sort', 'order', 'page[cursor]', 'page[after]',
    'page[limit]', 'page[number]', 'page[size]', 'after', 'limit', 'offset', 'page', 'page_size', '_count', '_offset', 'fields', '_elements', '_summary', 'access_token', 'token', '_method', '_format', 'q', 'scope'];
const KINDS = ['patient', 'group', 'encounter', 'metric', 'plan', 'action', 'bundle', 'provider', 'result', 'reward', 'brand', 'medication', 'health_profile', 'reward_program_activation', 'identifier'];
const INCLUDES = 'patient,owner,actions,bundles,questions,answer,question_definition,groups,coaches,organization';

/**
 * What is sent. `own`, `victim`, `other`: worlds of matrix.mjs; the ids of `other` stand where a text may be kept as it was sent.
 * `known`: what of the victim an attacker may know, an ETag and a cursor; `n`: a new number.
 */
export function attack(o, { below, chance, pick }, { own, victim, other, known, n }) {
    const { row } = o, method = chance(25) ? pick(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) : o.method;
    const harmless = row.destroys || method === 'DELETE'; // the caller's own is still wanted
    const values = { n }, lean = row.many ? pick([4, 9, 10]) : 4; // of ten ids so many are the caller's own: one of others among many
    /** An id of that kind, of somebody, in some spelling. */
    function id(kind, free = false) {
        const odds = below(10), spelling = chance(4) ? pick(SPELLINGS) : SPELLINGS[0], dialect = chance(12) ? pick(['general', 'twine', 'fhir']) : o.dialect;
        const world = odds < lean && !harmless ? own : free ? other : victim;
        return spelling(world.ids[dialect][kind] ?? world.ids.fhir[kind] ?? 'x');
    }
    const encode = (text) => (chance(15) ? [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('') : encodeURIComponent(text));
    const anything = () => pick([() => id(pick(KINDS), true), () => `matrix|${id('identifier', true)}`, () => 'canary', () => '%', () => '*', () => '', () => INCLUDES, () => pick(known), () => '-1', () => 'true', () => 'desc'])();
    function query(text) {
        const parts = [...text.matchAll(/([^=&]+)=([^&]*)/g)].map(([, name, value]) => [name, value.replace(MARK, (_, mark, kind) => values[kind] ?? id(kind, mark === '~'))]);
        for (let more = below(3); more > 0; more--)
            parts.splice(below(parts.length + 1), 0, chance(4) && parts.length ? [pick(parts)[0], id(pick(KINDS))] : [pick(chance(2) && o.query.length ? o.query : PARAMETERS), anything()]);
        return parts.map(([name, value]) => `${chance(10) ? encodeURIComponent(name) : name.replace(/[^\w[\]:.-]/g, encodeURIComponent)}=${encode(value)}`).join('&');
    }
    const wrap = (kind, text) => pick([() => text, () => [text], () => [text, text], () => ({ id: text }), () => ({ data: { type: kind, id: text } }), () => ({ data: [{ type: kind, id: text }] }), () => ({ reference: `Patient/${text}` }),
        () => ({ query: { identifier: { system: 'matrix', value: id('identifier', true) }, organization: id('brand') } }), () => ({ matrix: text }), () => ({ patient_id: text, brand_id: id('brand', true) })])();
    /** The row's document with its ids, and members that are not the row's. */
    function fill(value) {
        if (typeof value === 'string') {
            const [whole, mark, kind] = new RegExp(`^${MARK.source}$`).exec(value) ?? [];
            if (whole && !(kind in values)) return chance(8) ? wrap(kind, id(kind, mark === '~')) : id(kind, mark === '~');
            return value.replace(MARK, (_, mark_, kind_) => values[kind_] ?? id(kind_, mark_ === '~'));
        }
        if (Array.isArray(value)) return value.flatMap((item) => (chance(6) ? [fill(item), fill(item)] : [fill(item)]));
        if (typeof value !== 'object' || value === null) return value;
        const members = Object.entries(value).map(([name, inner]) => [name, fill(inner)]);
        if (chance(3)) {
            const kind = pick(KINDS), member = [pick(MEMBERS), wrap(kind, id(kind, true))];
            if (chance(6) || !members.some(([name]) => name === member[0])) members.splice(below(members.length + 1), 0, member);
        }
        return new Members(members);
    }
    /** Many documents in the place of one, each with ids of its own choice. */
    function bulk(body) {
        const [one] = [body.data ?? body].flat(), many = Array.from({ length: 2 + below(7) }, () => one);
        return Array.isArray(body) ? many : { ...body, data: many, ...(chance(3) && { meta: { ignore_duplicates: true } }) };
    }
    const print = (value) => (value instanceof Members ? `{${value.list.map(([name, inner]) => `${chance(30) ? `"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"` : JSON.stringify(name)}:${print(inner)}`).join(',')}}`
        : Array.isArray(value) ? `[${value.map(print).join(',')}]` : /^\d{1,15}$/.test(value) && chance(4) ? value : JSON.stringify(value));

    const [path, search = ''] = row.to.split('?');
    let target = path.replace(MARK, (_, mark, kind) => (kind in values ? values[kind] : encode(id(kind))));
    const asked = query(search), form = query(row.form ?? ''), document = print(fill((row.many && !chance(4) ? bulk(row.body) : row.body) ?? (chance(4) ? {} : undefined)) ?? '');
    target += asked && (search || chance(2)) ? `?${asked}` : '';
    const body = row.form ? form : row.body || (method !== 'GET' && method !== 'HEAD' && document !== '""') ? document : undefined;
    const headers = fields(), h2 = chance(2);
    return { method, path: target, headers: h2 ? { ...headers, ...fields_of_h2() } : headers, body, h2 };

    /** Header fields that somebody could listen to. */
    function fields() {
        const header = pick(['x-brand-id', 'x-tenant-id', 'x-patient-id', 'x-user-id', 'x-original-url', 'x-rewrite-url', 'x-forwarded-prefix', 'x-forwarded-host', 'x-http-method-override', 'if-match', 'if-none-match', 'if-none-exist', 'prefer', 'cookie', 'forwarded']);
        const said = { 'x-http-method-override': 'DELETE', 'if-match': known[0], 'if-none-match': known[0], prefer: 'return=representation', cookie: `token=${known[0]}` }[header]
            ?? (header.endsWith('url') ? row.to.split('?')[0].replace(MARK, () => other.ids.fhir.patient) : id(header === 'x-brand-id' ? 'brand' : 'patient', true).replace(/[^\x20-\x7e]/g, ''));
        return chance(4) ? { [header]: said.trim() } : {};
    }
    /** A host beside the authority, a cookie in crumbs, a credential of another dialect. */
    function fields_of_h2() {
        return chance(2) ? {} : pick([{ host: `${pick(['general', 'twine', 'patient-graph', 'fhir'])}.localhost` }, { cookie: ['a=b', `token=${known[0]}`, id('patient', true)].map((text) => text.replace(/[^\x21-\x7e]/g, '')) },
            { 'x-user-token': 'x' }, { te: 'trailers' }, { priority: 'u=0, i' }]);
    }
}

/** An object in the order, and with the repetitions, that are wanted. */
class Members {
    constructor(list) { this.list = list; }
}
