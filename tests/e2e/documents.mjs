// Documents made at random from the schemas that `dragoman openapi` prints, each as the text that is sent and what is to come back.
// Documents read without loss: a number is its text behind a mark, so that 1.0 is not 1.

const NUMBER = '\u0001';
export const number = (text) => NUMBER + text;
export const lossless = (text) => JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (found) => (found[0] === '"' ? found : JSON.stringify(number(found)))));
/** The text of such a document. */
export const printed = (value) => JSON.stringify(value).replaceAll(/"\\u0001([^"]*)"/g, '$1');

/** In the place of a value: none, or whatever it is; a value that comes back whole, with nothing beside it. */
export const NONE = Symbol('none'), ANY = Symbol('any');
export class Exact {
    constructor(value) { this.value = value; }
}

const NUMBERS = ['0', '-0', '1.0', '-1.50', '7', '1e400', '-1E-400', '100.20', '9007199254740993', '18446744073709551616', '0.1', '1e2', '5e-324', `${'9'.repeat(60)}.${'0'.repeat(20)}1`];
const WORDS = ['word', 'Zoë', 'O\'Neil', 'e\u0301', '李', '𝒵🙂', 'a/b|c\\d', 'x, y', '"q"', '\t', 'line\nline', '\u2028', '\u007f', '\ufeffb', '  wide  ', 'null', '<b>&amp;', '%00', '$1', 'x'.repeat(300), '\ue000\uffff', '-', '0'];
const NAMES = ['shoe size', 'ünïcode', '𝒵', 'a.b', 'a/b', '~0', '$x', '__proto__', 'constructor', '0', 'x'.repeat(100), '"', 'unknown'];
const MOMENTS = [['2024-02-29T23:30:00Z', '2024-02-29T23:30:00.000Z'], ['2024-02-29T23:30:00.5-03:30', '2024-03-01T03:00:00.500Z'], ['1969-12-31T23:59:59.999+00:00', '1969-12-31T23:59:59.999Z'],
    ['2024-01-01T00:00:00+14:00', '2023-12-31T10:00:00.000Z'], ['2023-12-31T23:59:59.1200000-12:00', '2024-01-01T11:59:59.120Z'], ['2024-06-06t10:00:00z', '2024-06-06T10:00:00.000Z'], ['9999-12-30T00:00:00Z', '9999-12-30T00:00:00.000Z']];
const DAYS = ['1970-01-01', '2000-02-29', '1899-12-31', '2024-06-06', '1984-02-29'];

/** What makes documents: `ids(type)` names an entity of such a type; `own`: members by their name, for what no schema says;
 * `needed`: those that a new one has anyway; `closed`: nothing else is taken. */
export function maker(api, { below, chance, pick }, { ids, own = {}, needed = [], closed = false }) {
    let made = 0;
    /** JSON text, some of its characters escaped. */
    const quoted = (text) => JSON.stringify(text).replace(/[^"\\]/gu, (c, at, all) => (all[at - 1] !== '\\' && chance(12) ? [...c].flatMap((one) => Array.from({ length: one.length }, (_, i) => `\\u${one.charCodeAt(i).toString(16).padStart(4, '0')}`)).join('') : c));
    const string = (text) => [plain(text) ? quoted(text) : JSON.stringify(text), text];
    const plain = (text) => !/["\\\u0000-\u001f]/.test(text);
    const numeral = () => { const text = pick(NUMBERS); return [text, number(text)]; };
    const array = (all) => { const items = all.filter(Boolean); return [`[${items.map(([text]) => text).join(',')}]`, items.map(([, want]) => want)]; };
    const object = (members) => [`{${members.map(([name, [text]]) => `${string(name)[0]}:${text}`).join(chance(4) ? ' ,\n' : ',')}}`, Object.fromEntries(members.map(([name, [, want]]) => [name, want]))];
    const few = (n, make) => Array.from({ length: below(n) }, make);
    /** Anything. `nulls`: also members that are null. */
    function json(nulls = true, depth = 0) {
        const kind = below(depth > 5 ? 4 : 7);
        if (kind === 0) return chance(2) ? ['true', true] : ['false', false];
        if (kind === 1 && nulls) return ['null', null];
        if (kind <= 2) return numeral();
        if (kind === 3) return string(chance(6) ? '' : pick(WORDS));
        return kind === 4 ? array(few(4, () => json(nulls, depth + 1))) : map(nulls, depth + 1);
    }
    const map = (nulls, depth = 0) => object([...new Set(few(4, () => pick(NAMES)))].map((name) => [name, json(nulls, depth)]));
    const exact = ([text, want], update) => [text, update ? merged(want) : new Exact(want)];
    /** What an object becomes part of (RFC 7396); anything else takes the place of what there was. */
    const merged = (want) => (kindOf(want) === 'object' ? Object.fromEntries(Object.entries(want).map(([name, inner]) => [name, merged(inner)])) : new Exact(want));

    function text(schema, name) {
        if (schema.format === 'date-time') { const [sent, want] = pick(MOMENTS); return [`"${sent}"`, want]; }
        if (schema.format === 'date') return string(pick(DAYS));
        if (schema.format === 'email') return string(`p${++made}.${below(1e6)}@example.org`);
        if (schema.format === 'uuid') return string(`123e4567-e89b-42d3-a456-${String(++made).padStart(12, '0')}`);
        if (name === 'brand_id') return string('acme');
        const all = [...WORDS, ...NUMBERS, '', '12:30'].filter((word) => word.length >= (schema.minLength ?? 0) && word.length <= (schema.maxLength ?? 1e9) && (!schema.pattern || new RegExp(schema.pattern, 'u').test(word)));
        return string(pick(all));
    }
    function members(schema, update) {
        const list = [];
        for (const [name, inner] of Object.entries(schema.properties ?? {})) {
            const wanted = (!update && (schema.required?.includes(name) || needed.includes(name))) || ('const' in inner && 'id' in schema.properties);
            if (!wanted && chance(3)) continue;
            const value = Object.hasOwn(own, name) ? own[name](list) : make(inner, name, update, list);
            if (value) list.push([name, value]);
        }
        if (list.length && list.every(([name]) => 'const' in schema.properties[name]) && !schema.required) return undefined; // what it is, but not which
        // nobody documents these
        if (chance(3) && !closed && schema.additionalProperties !== false) for (const name of new Set(few(4, () => pick(NAMES)))) list.push([name, chance(8) && !update ? ['null', new Exact(null)] : exact(json(!update), update)]);
        return list.sort(() => (chance(6) ? 1 : 0));
    }
    /** The value of a schema; undefined: nothing can be sent. */
    function make(schema, name = '', update = false, beside = []) {
        if (schema.$ref) return make(api.components.schemas[schema.$ref.split('/').at(-1)], name, update);
        if ('const' in schema) return string(schema.const);
        if (schema.enum) { const word = pick(schema.enum); return typeof word === 'string' ? string(word) : [`${word}`, word]; }
        const choices = schema.anyOf ?? schema.oneOf;
        if (choices) return name !== 'id' && (update || !needed.includes(name)) && chance(10) && choices.some(({ type }) => type === 'null') ? ['null', update && !choices.some((one) => one.properties || one.$ref) ? NONE : ANY] : make(choices.find(({ type }) => type !== 'null'), name, update, beside);
        if (name === 'id') { const type = beside.find(([other]) => other === 'type'), id = ids(type?.[1][1]); return id ? string(id) : undefined; }
        const types = [schema.type].flat(), type = pick(types);
        if (types.length === 2 && types.includes('number')) { const word = pick([...WORDS, ...NUMBERS]); return chance(2) ? numeral() : [string(word)[0], NUMBERS.includes(word) ? number(word) : word]; }
        if (type === 'string') return text(schema, name);
        if (type === 'number') return numeral();
        if (type === 'integer') { const n = (schema.minimum ?? 0) + below((schema.maximum ?? 9) - (schema.minimum ?? 0) + 1); return [`${n}`, number(`${n}`)]; }
        if (type === 'boolean') return chance(2) ? ['true', true] : ['false', false];
        if (type === 'array') return schema.items ? array(Array.from({ length: (schema.minItems ?? 0) + below(schema.items.properties ? 2 : 3) }, () => make(schema.items, name, update))) : exact(array(Array.from({ length: (schema.minItems ?? 0) + below(3) }, () => json())));
        if (type === undefined) { const [any, want] = json(!update); return [any, want === null ? (update ? NONE : ANY) : exact(['', want], update)[1]]; }
        if (schema.additionalProperties?.type === 'string') return object([...new Set(few(4, () => pick(NAMES)))].map((one) => [one, string(`${pick(WORDS)}${++made}`)]));
        const list = schema.properties && members(schema, update);
        return schema.properties ? list && object(list) : exact(map(!update), update);
    }
    return { make, string, object, array, exact, json, numeral, words: () => string(pick(WORDS)) };
}

/** Nothing is said: of an object of the dialect's, by none of its members. */
const blank = (value) => value === undefined || value === null || (typeof value === 'object' && Object.entries(value).every(([name, inner]) => name === 'links' || name === 'type' || blank(inner)));
const kindOf = (value) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);
/** A document whose numbers of one value have one text: an update by 1.5 does not replace 1.50 (docs/decisions.md). */
export function byValue(value) {
    if (Array.isArray(value)) return value.map(byValue);
    if (value instanceof Exact) return new Exact(byValue(value.value));
    if (kindOf(value) === 'object') return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, byValue(inner)]));
    const [, sign, whole, fraction = '', exponent = '0'] = (typeof value === 'string' && /^\u0001(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(value)) || [];
    if (whole === undefined) return value;
    const digits = (whole + fraction).replace(/^0+/, ''), short = digits.replace(/0+$/, '');
    return number(short ? `${sign}${short}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - short.length)}` : '0');
}
/** Where what was read does not hold what was sent; empty: nowhere. */
export function missing(read, want, path = '') {
    if (want === ANY || (kindOf(want) === 'object' && !(want instanceof Exact) && Object.values(want).every((one) => one === ANY))) return [];
    if (kindOf(want) === 'object' && blank(read) && !(want instanceof Exact) && Object.values(want).every((one) => one === NONE || one === ANY)) return [];
    if (want === NONE) return blank(read) ? [] : [`${path}: ${printed(read)} instead of nothing`];
    if (want instanceof Exact) return printed(read ?? null) === printed(want.value) && (read !== undefined || want.value === undefined) ? [] : [`${path}: ${read === undefined ? 'nothing' : printed(read)} instead of ${printed(want.value)}`];
    if (kindOf(read) !== kindOf(want)) return [`${path}: ${read === undefined ? 'nothing' : printed(read)} instead of ${JSON.stringify(want)}`];
    if (kindOf(want) === 'array') return read.length !== want.length ? [`${path}: ${printed(read)} has another length`] : want.flatMap((one, i) => missing(read[i], one, `${path}/${i}`));
    if (kindOf(want) === 'object') return Object.entries(want).flatMap(([name, one]) => missing(Object.hasOwn(read, name) ? read[name] : undefined, one, `${path}/${name}`));
    return read === want ? [] : [`${path}: ${JSON.stringify(read)} instead of ${JSON.stringify(want)}`];
}
