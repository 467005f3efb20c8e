// What a dialect is to its clients and to the backend, as lines of text: what is described, and what happens to each request in front
// of a backend that has one of everything. 79_surface.test.mjs compares them with those in documents/surface.
import { writeFileSync } from 'node:fs';
import { join as within } from 'node:path';
import { MARK, rows } from '../hostile/matrix.mjs';
import { signToken } from './backend_kit.mjs';
import { describeDialect, fill, make, query } from './bodies.mjs';
import { request } from './harness.mjs';
import { encode, ids, known, tokenOf } from './recorder.mjs';

const { BRAND, spelled } = ids;
const KINDS = [
    'patient',
    'metric',
    'encounter',
    'provider',
    'group',
    'action',
    'bundle',
    'plan',
    'result',
    'reward',
    'reward_program',
    'reward_earning',
    'reward_program_activation',
    'reward_earning_fulfillment',
    'health_profile',
    'health_profile_question',
    'health_profile_answer',
    'question_definition',
    'email_message',
    'calendar_event_response',
];
/** One of each kind, in Twine's form and the backend's. */
const hex = (kind) => `58c45547101${String(KINDS.indexOf(kind)).padStart(3, '0')}3c5c40dbab`,
    canonical = (kind) => `c-${kind.replaceAll('_', '-')}`;
const TYPES = { patient_plan_summary: 'plan', coach: 'provider', calendar_event: 'encounter', plan: 'plan' };
const WORDS = [
    '2024-01-01T00:00:00Z..2024-02-01T00:00:00Z',
    '2024-01-01T00:00:00Z',
    '2024-01-01',
    'true',
    '1',
    'active',
    'http://loinc.org|29463-7',
    'word',
];

/** What the backend's one of everything names besides. */
const MORE = {
    question_definition_id: 'c-question-definition',
    answer_id: 'c-health-profile-answer',
    current_result_ids: ['c-result'],
};
/** Names that stand for others, and that are not described. */
const ALIASES = { 'filter[groups]': 'filter[group]', patient: 'subject' };

const short = (schema) =>
    JSON.stringify(schema, (name, value) =>
        name === '$ref' ? value.split('/').at(-1) : name === 'examples' ? undefined : value,
    );

/** A line for each member of a schema, at any depth. */
function members(schema, path, needed) {
    const { properties = {}, items, ...own } = schema,
        mark = needed ? '!' : '';
    const inner = Object.entries(properties).flatMap(([name, one]) =>
        members(one, `${path}/${name}`, schema.required?.includes(name)),
    );
    delete own.required;
    return [`${path}${mark} ${short(own)}`, ...inner, ...(items ? members(items, `${path}[]`) : [])];
}

/** The media types of each schema. */
function bySchema(content = {}) {
    const found = new Map();
    for (const [media, { schema }] of Object.entries(content))
        found.set(short(schema), [found.get(short(schema)), media].filter(Boolean).join(', '));
    return found;
}

/** What `dragoman openapi` says. */
export function described({ api, operations }) {
    const lines = [];
    for (const o of operations) {
        const scopes = (o.security ?? []).map(({ token = [] }) => token.join(' ')).join(' or ') || 'no token',
            statuses = Object.keys(o.responses);
        lines.push(`${o.method} ${o.prefix}${o.template} is ${o.operationId}: ${scopes}; ${statuses.join(' ')}`);
        for (const { name, in: place, required, schema } of o.parameters ?? [])
            lines.push(`  ${place} ${name}${required ? '!' : ''} ${short(schema)}`);
        for (const [schema, media] of bySchema(o.requestBody?.content))
            lines.push(`  takes${o.requestBody.required ? '' : ' or not'} ${media} ${schema}`);
        for (const status of statuses.filter((one) => one < 400))
            for (const [schema, media] of bySchema(o.responses[status].content)) lines.push(`  gives ${media} ${schema}`);
    }
    for (const [name, schema] of Object.entries(api.components.schemas)) lines.push(...members(schema, name));
    return lines;
}

/** The ids of one of each kind, known to a gateway that starts. */
export function importKinds({ gateway }) {
    const csv = within(gateway.stateDir, 'kinds.csv');
    writeFileSync(
        csv,
        [
            'dialect,kind,brand,dialect_id,canonical_id',
            ...KINDS.map((kind) => `twine,${kind},acme,${hex(kind)},${canonical(kind)}`),
            '',
        ].join('\n'),
    );
    gateway.cli('crosswalk', 'import', csv);
}

const moment = /"20(?!24-)\d\d-\d\d-\d\dT[\d:.]+Z"/g,
    version = /(?<="versionId":"|W\/"|versionId=")[0-9a-f]{32}/g,
    minted = /\b(?!58c45547|0{24})[0-9a-f]{24}\b/g,
    uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
    tokens = /"(ey[\w-]+\.[\w-]+\.[\w-]+|[\w-]{40,})"/g;
const settled = (text) =>
    text
        .replace(moment, '"NOW"')
        .replace(/"age":\d+/g, '"age":"YEARS"')
        .replace(uuid, 'UUID')
        .replace(minted, 'MINTED')
        .replace(version, 'VERSION')
        .replace(tokens, '"TOKEN"');
/** The members of a relationship name one of their own kind. */
const named = (value) =>
    JSON.parse(JSON.stringify(value), (_, one) =>
        one && typeof one === 'object' && KINDS.includes(TYPES[one.type] ?? one.type) && 'id' in one && !one.attributes
            ? { ...one, id: hex(TYPES[one.type] ?? one.type) }
            : one,
    );

/** The members of a body that have words: their paths. */
function enums(api, schema, at = []) {
    if (schema.$ref) return enums(api, api.components.schemas[schema.$ref.split('/').at(-1)], at);
    const inner = Object.entries(schema.properties ?? {}).flatMap(([name, one]) => enums(api, one, [...at, name])),
        parts = [...(schema.anyOf ?? []), ...(schema.allOf ?? [])].flatMap((one) => enums(api, one, at));
    const items = schema.items ? enums(api, schema.items, [...at, 0]) : [];
    return [...(schema.enum ? [[at, schema.enum]] : []), ...inner, ...parts, ...items];
}
/** The paths of the members of a body that have none themselves. */
function places(api, schema, at = []) {
    if (schema.$ref) return places(api, api.components.schemas[schema.$ref.split('/').at(-1)], at);
    const of = schema.properties
        ? schema
        : [...(schema.anyOf ?? []), ...(schema.allOf ?? [])].find(({ properties, $ref }) => properties || $ref);
    if (!of) return schema.items?.properties ? [at, ...places(api, schema.items, [...at, 0])] : [at];
    return of === schema
        ? Object.entries(schema.properties).flatMap(([name, one]) => places(api, one, [...at, name]))
        : places(api, of, at);
}
/** One object with what another says. */
const over = (one, other) =>
    other && typeof other === 'object' && !Array.isArray(other)
        ? Object.entries(other).reduce(
              (all, [name, value]) => ({ ...all, [name]: over(all?.[name], value) }),
              one && typeof one === 'object' ? one : {},
          )
        : other;
/** Whether a document has room at that path. */
const fits = (document, [name, ...more]) =>
    name === undefined ||
    document === undefined ||
    (Array.isArray(document) === (typeof name === 'number') && fits(document[name], more));
const put = (document, [name, ...more], value) => {
    const copy =
        Array.isArray(document) || typeof name === 'number' ? [...(Array.isArray(document) ? document : [])] : { ...document };
    copy[name] = more.length ? put(copy[name] ?? {}, more, value) : value;
    return copy;
};
/** Each value of what was asked and answered, with its path. */
function leaves({ calls, text }) {
    const walk = (value, at) =>
        typeof value === 'object' && value !== null
            ? Object.entries(value).flatMap(([name, one]) => walk(one, `${at}/${name}`))
            : [`${at}=${JSON.stringify(value)}`];
    const parsed = (called) => {
        try {
            return JSON.parse(called);
        } catch {
            return called;
        }
    };
    return [
        ...calls.flatMap((call) => walk(parsed(/^\S+ \S+ (.*)$/.exec(call)?.[1] ?? call), 'asks')),
        ...walk(parsed(text), 'gives'),
    ].filter((leaf) => !/req_id/.test(leaf));
}

/** What happens to each of many requests. `world` is what startRecorded gives. */
export async function happens({ recorder, gateway, tokens: all }, dialect) {
    const lines = [],
        { operations } = describeDialect(dialect),
        own = spelled[dialect];
    const by = (o, scopes) =>
        signToken(gateway, {
            aud: 'dragoman',
            sub: 'surface',
            brand_id: 'acme',
            scope: scopes.join(' '),
            ...(tokenOf({ me: 1 }, o) ? { patient_id: 'c-patient-graph' } : {}),
        });

    async function ask(o, target, body, token = tokenOf(all, o)) {
        const typed =
            body === undefined
                ? {}
                : { 'content-type': Object.keys(o.requestBody.content)[0], 'content-length': Buffer.byteLength(body) };
        const headers = {
            ...(dialect === 'general' ? { 'x-user-token': token } : { authorization: `Bearer ${token}` }),
            ...typed,
        };
        const kind = KINDS.find((one) => target.split('?')[0].includes(hex(one)));
        recorder.own.id = kind ? canonical(kind) : `c-${dialect}`;
        recorder.asked.length = 0;
        const got = await request(gateway.port, o.method, target, { headers, body, agent: gateway.agent });
        return {
            ...got,
            text: got.text,
            calls: recorder.asked
                .map(({ method, target: called, body: sent }) => `${method} ${called}${sent && ` ${sent}`}`)
                .sort(),
        };
    }
    function note(target, o, body, { status, headers, text, calls }, brief) {
        lines.push(
            settled(`${o.method} ${decodeURIComponent(target)}${body === undefined ? '' : ` ${body}`}`),
            ...calls.map((call) => settled(`  asks ${call}`)),
        );
        const more = ['location', 'etag', 'last-modified', 'allow', 'www-authenticate']
            .filter((name) => name in headers)
            .map((name) => ` ${name}: ${headers[name]}`)
            .join('');
        lines.push(settled(`  ${status}${more}${brief && status < 400 ? '' : ` ${headers['content-type']} ${text}`}`));
    }
    const path = (o, id = o.template.startsWith('/organization') ? BRAND : own) => fill(o, id);
    const join = (...parts) => {
        const text = parts.filter(Boolean).join('&');
        return text && `?${text}`;
    };

    /** The first value of a parameter that is taken: an id of the kind that it names, or another word. */
    async function taken(o, p, beside) {
        const id = async (kind) => {
            const value = hex(kind),
                got = await ask(o, `${path(o)}${join(beside, `${p.name}=${value}`)}`);
            return (
                got.status < 400 &&
                got.calls.some((call) => new RegExp(`${canonical(kind)}(?![a-z-])`).test(decodeURIComponent(call))) &&
                value
            );
        };
        for (const kind of dialect === 'twine' ? KINDS : []) if (await id(kind)) return hex(kind);
        for (const word of [BRAND, ...WORDS, own])
            if ((await ask(o, `${path(o)}${join(beside, `${p.name}=${encodeURIComponent(word)}`)}`)).status < 400) return word;
        return 'word';
    }
    /** Each parameter alone, with words that it has and one that it has not; and all together. */
    async function parameters(o, needed) {
        const list = o.parameters.filter((p) => p.in === 'query' && p.name !== 'include'),
            whole = [];
        const base = needed || (list.some(({ name }) => name === 'filter[organization]') ? `filter[organization]=${BRAND}` : '');
        const one = async (text, brief = true) =>
            note(`${path(o)}${join(text)}`, o, undefined, await ask(o, `${path(o)}${join(text)}`), brief);
        recorder.own.total = 1000; // so that there are other pages
        for (const p of list) {
            const { type, enum: words, minimum = 0, maximum } = p.schema,
                beside =
                    needed === base && base
                        ? base
                              .split('&')
                              .filter((part) => !part.startsWith(`${p.name}=`))
                              .join('&')
                        : base;
            const values =
                words ??
                (type === 'integer'
                    ? [minimum - 1, minimum, maximum ?? 7, (maximum ?? 1e9) + 1, 'x']
                    : [await taken(o, p, beside), 'no such', 'a,b\\|c']);
            for (const value of [...values, `${values[0]}&${p.name}=${values[0]}`].map((text, i) =>
                i < values.length ? encodeURIComponent(text) : text,
            ))
                await one([beside, `${p.name}=${value}`].filter(Boolean).join('&'), value !== '7');
            if (p.name in ALIASES)
                await one([beside, `${ALIASES[p.name]}=${encodeURIComponent(values[0])}`].filter(Boolean).join('&'));
            if (!/page|cursor|^_|sort/.test(p.name)) whole.push(`${p.name}=${encodeURIComponent(values[0])}`);
        }
        if (whole.length > 1) await one(whole.join('&'));
        if (base) await one('');
        recorder.own.total = 1;
        return base;
    }
    /** Related entities: what is asked for them, and whose scopes show them. */
    async function related(o, base) {
        const scopes = o.security.flatMap(({ token }) => token),
            read = (await ask(o, `${path(o)}${join(base)}`)).calls.length;
        const names =
            /: (.*)\.$/.exec(o.parameters.find(({ name }) => name === 'include')?.description ?? '')?.[1].split(', ') ?? [];
        for (const name of names) {
            const target = `${path(o)}${join(base, `include=${name}`)}`,
                enough = [];
            note(target, o, undefined, await ask(o, target));
            for (const scope of every)
                if ((await ask(o, target, undefined, by(o, [...scopes, scope]))).calls.length > read) enough.push(scope);
            lines.push(`  for who has ${scopes.join(' ')} ${enough.length === every.length ? '' : `and ${enough.join(' or ')}`}`);
        }
    }
    const every = [...new Set(operations.flatMap((o) => (o.security ?? []).flatMap(({ token }) => token)))]
        .filter((scope) => scope.startsWith('read:'))
        .sort();

    /** The good request of hostile/matrix.mjs. */
    function good(o) {
        const ids = (text) =>
            text.replace(MARK, (_, __, kind) =>
                kind === 'brand'
                    ? dialect === 'twine'
                        ? BRAND
                        : 'acme'
                    : dialect === 'twine' && KINDS.includes(kind)
                      ? hex(kind)
                      : own,
            );
        const row = rows[dialect][o.operationId];
        return [
            encodeURI(ids(row.to)).replaceAll('+', '%2B'),
            row.form ? ids(row.form) : row.body && JSON.parse(ids(JSON.stringify(row.body))),
        ];
    }
    /** Bodies: a good one, whole, least, with another id, two at once, none; and the good one with each word of a member. */
    async function bodies(o, needed) {
        const schema = Object.values(o.requestBody.content)[0].schema,
            target = `${path(o)}${join(needed)}`,
            made = (how) => JSON.parse(known(JSON.stringify(make(o.api, schema, how, own))));
        const [to, first] = good(o),
            whole = made('whole'),
            data = dialect === 'twine' && whole.data ? { data: named(whole.data) } : {},
            all = { ...whole, ...data };
        const others = [
            made('least'),
            { ...first, id: 'other', ...(first?.data ? { data: { ...first.data, id: '0'.repeat(24) } } : {}) },
            first?.data ? { ...first, data: [first.data, first.data].flat() } : [first, first],
            {},
        ];
        const base = await ask(o, to, typeof first === 'string' ? first : JSON.stringify(first));
        note(to, o, typeof first === 'string' ? first : JSON.stringify(first), base);
        if (typeof first === 'string') return;
        for (const one of [Array.isArray(whole) ? whole : all, ...others])
            note(target, o, JSON.stringify(one), await ask(o, target, JSON.stringify(one)));
        for (const [at, words] of enums(o.api, schema).filter(([path]) => fits(first, path)))
            for (const word of words) {
                const got = await ask(o, to, JSON.stringify(put(first, at, word))),
                    seen = leaves(got),
                    was = leaves(base);
                lines.push(
                    settled(
                        `  ${at.join('/')} ${JSON.stringify(word)}: ${got.status} ${seen.filter((leaf) => !was.includes(leaf)).join(' ')}`,
                    ),
                );
            }
    }
    /** Which kind an id of the path names. */
    async function kinds(o, needed) {
        const schema = o.requestBody && Object.values(o.requestBody.content)[0].schema,
            body = schema && known(encode(o, make(o.api, schema, 'least', own))),
            found = [];
        for (const kind of KINDS) {
            const { calls } = await ask(o, `${path(o, hex(kind))}${join(needed)}`, body);
            if (calls.some((call) => new RegExp(`${canonical(kind)}(?![a-z-])`).test(call))) found.push(kind);
        }
        lines.push(`  of ${found.join(', ') || 'none'}`);
    }

    /** Hosts, prefixes, credentials and media types. */
    async function doors() {
        const list = operations.find(
                (o) => o.method === 'GET' && rows[dialect][o.operationId].to.includes('?') && !rows[dialect][o.operationId].open,
            ),
            create = operations.find((o) => o.operationId === 'createPatient');
        const [to] = good(list),
            [at, body] = good(create),
            text = JSON.stringify(body),
            bare = to.slice(list.prefix.length),
            token = tokenOf(all, list),
            types = ['application/json', 'application/vnd.api+json', 'application/fhir+json', 'text/html'];
        const as = dialect === 'general' ? { 'x-user-token': token } : { authorization: `Bearer ${token}` },
            host = `${dialect}.localhost`;
        const say = async (what, method, path, headers, sent) => {
            const got = await request(gateway.port, method, path, { headers, body: sent, agent: gateway.agent });
            lines.push(
                settled(
                    `${what}: ${got.status}${got.status === 200 || got.status === 201 ? '' : ` ${got.text}`} ${got.headers['content-type']} ${got.headers.accept ?? ''} ${got.headers['www-authenticate'] ?? ''}`,
                ),
            );
        };
        for (const [name, path] of [
            ['whole path', to],
            ['no prefix', bare],
        ])
            for (const own of [{ host }, {}]) await say(`${name}${own.host ? ', own host' : ''}`, 'GET', path, { ...as, ...own });
        for (const [name, own] of [
            ['no credential', {}],
            ['Token', { authorization: `Token ${token}` }],
            ['Bearer', { authorization: `Bearer ${token}` }],
            ['X-User-Token', { 'x-user-token': token }],
            ['two', { authorization: `Bearer ${token}`, 'x-user-token': token }],
            ['a wrong one', Object.fromEntries(Object.keys(as).map((name) => [name, 'Bearer x']))],
        ])
            await say(`credential: ${name}`, 'GET', to, { host, ...own });
        for (const type of [
            ...types,
            'application/x-www-form-urlencoded',
            'application/json;charset=utf-8',
            'application/fhir+json;fhirVersion=4.0',
        ])
            await say(
                `content type ${type}`,
                'POST',
                at,
                { host, ...as, 'content-type': type, 'content-length': Buffer.byteLength(text) },
                text,
            );
        for (const type of [...types, '*/*', 'application/fhir+json;fhirVersion=4.0'])
            await say(`accept ${type}`, 'GET', to, { host, ...as, accept: type });
        for (const word of ['json', 'xml', 'application/fhir+json', 'application/fhir%2Bjson', 'application/json', 'text/json'])
            await say(`_format=${word}`, 'GET', `${to}&_format=${word}`, { host, ...as });
        for (const name of ['if-none-exist', 'if-match', 'if-none-match'])
            await say(
                name,
                'POST',
                at,
                {
                    host,
                    ...as,
                    [name]: '"1"',
                    'content-type': types[{ twine: 1, fhir: 2 }[dialect] ?? 0],
                    'content-length': Buffer.byteLength(text),
                },
                text,
            );
        for (const name of ['sort=x', 'filter[nonsense]=x', 'nonsense=x', '_pretty=true', 'page[cursor]=x'])
            await say(name, 'GET', `${to}&${name}`, { host, ...as });
    }

    /** What goes wrong, in each way that a request or the backend can make it; and each wording for a member. */
    async function errors() {
        const list = operations.find((o) => o.operationId === 'createPatient'),
            one = operations.find((o) => /^(show|fetch|read)Patient$/.test(o.operationId)),
            [at, body] = good(list),
            [to] = good(one);
        const text = JSON.stringify(body),
            type = Object.keys(list.requestBody.content)[0],
            credential = (token) => (dialect === 'general' ? { 'x-user-token': token } : { authorization: `Bearer ${token}` });
        const claims = { aud: 'dragoman', sub: 'surface', brand_id: 'acme', scope: 'admin:*' },
            own = credential(tokenOf(all, list)),
            host = `${dialect}.localhost`;
        const say = async (what, method, path, sent, headers = own, media = type) => {
            const typed = sent === undefined ? {} : { 'content-type': media, 'content-length': Buffer.byteLength(sent) };
            const got = await request(gateway.port, method, path, {
                headers: { host, ...headers, ...typed },
                body: sent,
                agent: gateway.agent,
            });
            lines.push(
                settled(
                    `${what}, ${method}: ${got.status} ${got.headers.allow ?? ''} ${got.headers['retry-after'] ?? ''} ${got.text}`,
                ),
            );
        };
        for (const wrong of ['{', '5', '[]', 'null', '{}']) await say(`the body ${wrong}`, 'POST', at, wrong);
        await say('a body of two megabytes', 'POST', at, ' '.repeat(2 << 20));
        await say('an address of 20,000 characters', 'GET', `${to}?x=${'x'.repeat(20000)}`);
        await say('another method', 'PROPFIND', at);
        await say('no such path', 'GET', `${list.prefix}/nonsense`);
        await say('no such method', 'DELETE', at);
        for (const [what, more] of [
            ['no scope', { scope: '' }],
            ['no brand', { brand_id: undefined }],
            ['nobody', { patient_id: 'c-nobody' }],
            ['a group', { groups: ['c-nothing'] }],
        ]) {
            await say(`a token of ${what}`, 'GET', to, undefined, credential(signToken(gateway, { ...claims, ...more })));
            await say(`a token of ${what}`, 'POST', at, text, credential(signToken(gateway, { ...claims, ...more })));
        }
        for (const status of [400, 401, 403, 404, 405, 409, 412, 413, 422, 500, 501, 503]) {
            recorder.own.status = status;
            await say(`the backend's ${status}`, 'GET', to);
            await say(`the backend's ${status}`, 'POST', at, text);
        }
        recorder.own.status = undefined;
        const met = new Set();
        for (const o of operations.filter(
            ({ method, requestBody, operationId }) => method === 'POST' && requestBody && !rows[dialect][operationId].open,
        )) {
            const [path, first] = good(o);
            if (typeof first === 'string' || Array.isArray(first)) continue;
            for (const place of places(o.api, Object.values(o.requestBody.content)[0].schema).filter((found) =>
                fits(first, found),
            )) {
                const wrongs = [null, 5, -1e9, 'x', ' ', '', [], {}, true, 'long'.repeat(100)],
                    answers = await Promise.all(wrongs.map((wrong) => ask(o, path, JSON.stringify(put(first, place, wrong)))));
                lines.push(
                    `${o.operationId}, ${place.join('/')}: ${answers.map(({ status }, i) => `${JSON.stringify(wrongs[i]).slice(0, 9)} ${status}`).join(', ')}`,
                );
                for (const [i, { status, text: told }] of answers.entries()) {
                    const said = told.replace(/"(pointer|parameter)":"[^"]*"|"expression":\[[^\]]*\]/g, '').replace(uuid, '');
                    if (status < 400 || met.has(said)) continue;
                    met.add(said);
                    lines.push(settled(`${o.operationId}, ${place.join('/')} ${JSON.stringify(wrongs[i])}: ${status} ${told}`));
                }
            }
        }
    }

    /** What an update asks for that clears a member: of an entity that has what the same update says member by member. */
    async function clears() {
        const own = (recorder.own.more = { ...MORE }),
            written = ({ calls }) =>
                calls
                    .filter((call) => !call.startsWith('GET '))
                    .map((call) => call.split(' ').slice(2).join(' '))
                    .find(Boolean);
        const at = (value, [name, ...more]) =>
            name === undefined ? value : value?.[name] === undefined ? undefined : at(value[name], more);
        for (const o of operations.filter(
            ({ method, requestBody, template }) => /PUT|PATCH/.test(method) && requestBody && /\{|\/me\//.test(template),
        )) {
            const [path, first] = good(o),
                schema = Object.values(o.requestBody.content)[0].schema,
                whole = JSON.parse(known(JSON.stringify(make(o.api, schema, 'whole', spelled[dialect]))));
            const list = places(o.api, schema).filter(
                (place) => !Array.isArray(first) && fits(first, place) && place.at(-1) !== 'id',
            );
            recorder.own.more = own;
            for (const place of list.filter((one) => at(whole, one) !== undefined)) {
                const body = written(await ask(o, path, JSON.stringify(put(first, place, at(whole, place)))));
                if (body?.startsWith('{')) recorder.own.more = over(recorder.own.more, JSON.parse(body));
            }
            for (const place of list) {
                const got = await ask(o, path, JSON.stringify(put(first, place, null)));
                lines.push(settled(`${o.operationId}, ${place.join('/')} cleared: ${got.status} ${written(got) ?? 'nothing'}`));
            }
        }
        recorder.own.more = own;
    }

    await clears();
    for (const o of operations.sort((a, b) => (a.method === 'DELETE') - (b.method === 'DELETE'))) {
        // erased is erased
        recorder.own.id = `c-${dialect}`;
        const needed = query(o, 'least', own),
            target = `${path(o)}${join(needed)}`;
        if (o.requestBody) await bodies(o, needed);
        else for (const one of new Set([target, good(o)[0]])) note(one, o, undefined, await ask(o, one));
        if (o.method === 'GET') await related(o, await parameters(o, needed));
        if (dialect === 'twine' && /\{/.test(o.template)) await kinds(o, needed);
    }
    await doors();
    await errors();
    return lines;
}

/** The gateway's own endpoints: each with a form, whole and lacking, and as JSON. */
export async function happensToOAuth({ gateway }) {
    const lines = [],
        { operations } = describeDialect('oauth'),
        client = { client_id: 'x', client_secret: 'x' };
    for (const { method, prefix, template, requestBody } of operations) {
        const whole = template.endsWith('/token')
            ? { grant_type: 'client_credentials', ...client }
            : { token: 'x', token_type_hint: 'access_token', ...client };
        const forms = [
            new URLSearchParams(whole).toString(),
            '',
            'grant_type=nonsense&token=x',
            'grant_type=refresh_token&refresh_token=x',
            'grant_type=client_credentials',
            `${new URLSearchParams(whole)}&scope=nonsense`,
            'grant_type=x&grant_type=y',
        ];
        const documents = [
            '{',
            '5',
            '{}',
            ...[null, 5, [], {}].flatMap((wrong) =>
                Object.keys(whole).map((name) => JSON.stringify({ ...whole, [name]: wrong })),
            ),
        ];
        const bodies = requestBody
            ? [
                  ...forms.map((text) => ['application/x-www-form-urlencoded', text]),
                  ...documents.map((text) => ['application/json', text]),
                  ['text/plain', 'x'],
              ]
            : [[undefined, undefined]];
        for (const [media, text] of bodies) {
            const got = await request(gateway.port, method, prefix + template, {
                headers: media && { 'content-type': media, 'content-length': Buffer.byteLength(text) },
                body: text,
                agent: gateway.agent,
            });
            lines.push(
                settled(
                    `${method} ${template} ${media} ${text}: ${got.status} ${got.headers['content-type']} ${got.headers['www-authenticate'] ?? ''} ${got.text.replace(/"(kid|x|y)":"[^"]*"/g, '"$1":"KEY"')}`,
                ),
            );
        }
    }
    return lines;
}
