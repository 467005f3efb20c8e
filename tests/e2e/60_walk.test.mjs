// A random walk through all dialects beside a simple model in memory: after each step every dialect must show what the
// model says. The seed is printed; a walk that fails is shrunk. DRAGOMAN_SEED and DRAGOMAN_STEPS repeat or lengthen one.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACME, clients, idsOf, sanitized, startGateway } from './harness.mjs';

const seed = Number(process.env.DRAGOMAN_SEED ?? Date.now() % 1e9);
const steps = Number(process.env.DRAGOMAN_STEPS ?? (sanitized ? 120 : 600));

// mulberry32: the same numbers for the same seed, everywhere
function random(state) {
    return () => {
        state = (state + 0x6D2B79F5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

const words = ['Ann', 'Zoë', '王', 'O\'Neil', 'Jean-Luc', 'Ægir', '"quoted"', 'tab\there', '😀', 'x'.repeat(200)];
const digits = ['7', '0.1', '100.20', '9007199254740993', '1e3', '-0.50', '12345678901234567890.125'];
const dialects = ['general', 'twine', 'graph'];
const fields = {
    first_name: { values: words, required: true },
    last_name: { values: words, required: true },
    birth: { values: ['1970-01-01', '2000-02-29', '2024-12-31'] },
    gender: { values: ['male', 'female', 'other', null] },
    phone: { values: ['+1-555-123-4567', '0', null] },
    email: { values: ['a@b.example', 'ümlaut@example.org', null] },
    city: { values: ['Leeds', 'München', null] },
    line: { values: ['1 High St', 'Flat 2', null] },
};

// A calendar event is an encounter: what each calls its kinds, and which of Twine's stands for which canonical one.
const kinds = { 'office-visit': 'office_visit', 'video-call': 'telehealth', 'telephone-call': 'telehealth', reminder: 'other' };
const shownAs = { office_visit: 'office-visit', telehealth: 'video-call', lab: 'office-visit', pharmacy: 'office-visit', other: 'office-visit' };
const occasion = (pick) => ({ kind: pick(Object.keys(kinds)), canonical: pick(Object.keys(shownAs)), title: pick(words), text: pick([...words, null]),
    at: pick(['2024-02-29T23:59:59.999Z', '2031-01-01T00:00:00.000Z']), place: pick([...words, null]), end: pick(['2031-01-01T01:00:00.000Z', null]) });

function makeWalk() {
    const next = random(seed);
    const pick = (list) => list[Math.floor(next() * list.length)];
    const change = () => {
        const names = Object.keys(fields).filter(() => next() < 0.35);
        return Object.fromEntries((names.length ? names : ['phone']).map((name) => [name, pick(fields[name].values)]));
    };
    return Array.from({ length: steps }, (_, at) => {
        const roll = next();
        const step = { at, dialect: pick(dialects), who: Math.floor(next() * 1000) };
        if (roll < 0.15 || at === 0) return { ...step, kind: 'create', set: { birth: '1970-01-01', ...change() } };
        if (roll < 0.18) return { ...step, kind: 'erase' };
        if (roll < 0.22) return { ...step, kind: 'list', size: 1 + Math.floor(next() * 50) };
        if (roll < 0.32) return { ...step, kind: pick(['meet', 'meet', 'move', 'cancel']), dialect: pick(['twine', 'graph']), which: Math.floor(next() * 1000), event: occasion(pick) };
        if (roll < 0.45) return { ...step, kind: 'measure', key: pick(['weight', 'heart_rate', 'pain_level']), value: pick(digits) };
        if (roll < 0.6) return { ...step, kind: 'echo' };
        return { ...step, kind: 'update', set: change() };
    });
}

// What each dialect says of a change. Absent members are not named; null clears.
const write = {
    general: (set) => ({ patient: {
        ...take(set, { first_name: 'first_name', last_name: 'last_name', birth: 'date_of_birth', gender: 'gender', phone: 'phone', email: 'email' }),
        ...('city' in set || 'line' in set ? { address: take(set, { city: 'city', line: 'street' }) } : {}),
    } }),
    twine: (set, model, id) => {
        // an array is sent whole: what is not changed is said again
        const whole = { ...model, ...set };
        const address = { ...(whole.line == null ? {} : { lines: [whole.line] }), ...(whole.city == null ? {} : { city: whole.city }) };
        return { data: { type: 'patient', ...(id ? { id } : {}), attributes: {
            ...take(set, { first_name: 'first_name', last_name: 'last_name', birth: 'birth_date', gender: 'gender', email: 'email_address' }),
            ...('phone' in set ? { phone_numbers: set.phone === null ? [] : [{ type: 'home', value: set.phone, primary: true }] } : {}),
            ...('city' in set || 'line' in set ? { addresses: Object.keys(address).length ? [address] : [] } : {}),
        } } };
    },
    graph: (set) => ({
        ...take(set, { first_name: 'first_name', last_name: 'last_name', birth: 'date_of_birth', gender: 'gender', phone: 'phone', email: 'email' }),
        ...('city' in set || 'line' in set ? { metadata: { address: take(set, { city: 'city', line: 'line' }) } } : {}),
    }),
};

function take(set, names) {
    return Object.fromEntries(Object.entries(names).filter(([name]) => name in set).map(([name, member]) => [member, set[name]]));
}

const withoutNulls = (value) => value === null || typeof value !== 'object' || Array.isArray(value) ? value
    : Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null).map(([name, one]) => [name, withoutNulls(one)]));

// The model's members as each dialect shows them.
const read = {
    general: (d) => ({ first_name: d.first_name, last_name: d.last_name, birth: d.date_of_birth, gender: d.gender, phone: d.phone,
        email: d.email, city: d.address?.city ?? null, line: d.address?.street ?? null }),
    twine: ({ data: { attributes: a } }) => ({ first_name: a.first_name, last_name: a.last_name, birth: a.birth_date ?? null, gender: a.gender ?? null,
        phone: a.phone_numbers[0]?.value ?? null, email: a.email_address ?? null, city: a.addresses[0]?.city ?? null,
        line: a.addresses[0]?.lines?.join('\n') ?? null }),
    graph: (d) => ({ first_name: d.first_name, last_name: d.last_name, birth: d.date_of_birth, gender: d.gender, phone: d.phone, email: d.email,
        city: d.metadata.address?.city ?? null, line: d.metadata.address?.line ?? null }),
};
const path = { general: (id) => `/v1/patients/${id}`, twine: (id) => `/pub/patient/${id}`, graph: (id) => `/v1/patients/${id}` };
const update = { general: 'put', twine: 'patch', graph: 'patch' };
const blank = { birth: null, gender: null, phone: null, email: null, city: null, line: null };

class World {
    constructor(all) { Object.assign(this, { all, people: [], gone: [], made: 0 }); }

    at(step) { return this.people[step.who % this.people.length]; }

    async create(step) {
        const email = `walk.${this.made++}@example.org`;
        const model = { ...blank, first_name: 'First', last_name: 'Last', ...step.set, email };
        const named = Object.fromEntries(Object.entries(model).filter(([, value]) => value !== null));
        const body = write[step.dialect](named, blank);
        if (step.dialect === 'graph') Object.assign(body, { brand_id: 'acme' });
        await this.all[step.dialect].post({ general: '/v1/patients', twine: '/pub/patient', graph: '/v1/patients' }[step.dialect], withoutNulls(body), 201);
        this.people.push({ model, ids: await idsOf(this.all, email), metrics: {}, events: [] });
    }

    async update(step) {
        const person = this.at(step), id = person.ids[step.dialect];
        const body = write[step.dialect](step.set, person.model, step.dialect === 'twine' ? id : undefined);
        await this.all[step.dialect][update[step.dialect]](path[step.dialect](id), body, 200);
        Object.assign(person.model, step.set);
    }

    // Written back as it was read: nothing may change.
    async echo(step) {
        const person = this.at(step), id = person.ids[step.dialect];
        const { json } = await this.all[step.dialect].get(path[step.dialect](id));
        const readOnly = ['id', 'created_at', 'updated_at', 'age_verified_at', 'ruo_pathway_acknowledged_at', 'researcher_acknowledgement_id',
            'prescription_status', 'prescription_consult_completed_at'];
        const body = step.dialect === 'general' ? { patient: json } : step.dialect === 'twine' ? json
            : Object.fromEntries(Object.entries(json).filter(([name]) => !readOnly.includes(name)));
        await this.all[step.dialect][update[step.dialect]](path[step.dialect](id), body, 200);
    }

    async measure(step) {
        const person = this.at(step), at = new Date(Date.UTC(2024, 0, 1) + step.at * 1000).toISOString();
        const bodies = {
            general: () => this.all.general.post(`/v1/patients/${person.ids.general}/gauges`,
                `{"gauge":{"gauge_type":"${step.key === 'pain_level' ? 'pain' : step.key}","value":${step.value},"recorded_at":"${at}"}}`),
            twine: () => this.all.twine.post('/pub/patient_health_metric', `{"data":{"type":"patient_health_metric","attributes":{"type":"${step.key}",`
                + `"value":${step.value},"occurred_at":"${at}"},"relationships":{"patient":{"data":{"type":"patient","id":"${person.ids.twine}"}}}}}`, 200),
            graph: () => this.all.graph.post(`/v1/patients/${person.ids.graph}/metrics`,
                { metric_key: step.key, value_numeric: step.value, source: 'api', recorded_at: at }),
        };
        await bodies[step.dialect]();
        (person.metrics[step.key] ??= []).push(step.value);
    }

    // Twine says everything of an event; patient-graph what an encounter has.
    async meet(step) {
        const person = this.at(step), { kind, canonical, title, text, at, place, end } = step.event;
        if (step.dialect === 'twine') {
            const attributes = withoutNulls({ type: kind, title, start_at: at, description: text, location: place, end_at: end, attendees: [{ user: person.ids.twine }] });
            await this.all.twine.post('/pub/calendar_event', { data: { type: 'calendar_event', attributes, relationships: { owner: { data: { type: 'patient', id: person.ids.twine } } } } }, 201);
            person.events.push({ kind, canonical: kinds[kind], title, text, at, place, end, users: [person.ids.twine] });
        } else {
            await this.all.graph.post(`/v1/patients/${person.ids.graph}/encounters`, withoutNulls({ brand_id: 'acme', encounter_type: canonical, chief_complaint: title, notes: text, scheduled_at: at }), 201);
            person.events.push({ kind: shownAs[canonical], canonical, title, text, at, place: null, end: null, users: [] });
        }
    }

    async eventId(person, step) {
        const { data } = (await this.all.twine.get(`/pub/calendar_event?filter[patient]=${person.ids.twine}&page[limit]=500`)).json;
        return data[step.which % data.length].id;
    }

    async move(step) {
        const person = this.at(step), { title, text, at, place } = step.event;
        if (!person.events.length) return;
        const id = await this.eventId(person, step);
        await this.all.twine.patch(`/pub/calendar_event/${id}`, { data: { type: 'calendar_event', id, attributes: { title, description: text, start_at: at, location: place } } });
        Object.assign(person.events[step.which % person.events.length], { title, text, at, place });
    }

    async cancel(step) {
        const person = this.at(step);
        if (!person.events.length) return;
        const id = await this.eventId(person, step);
        await this.all.twine.delete(`/pub/calendar_event/${id}`, 200);
        await this.all.twine.get(`/pub/calendar_event/${id}`, 404);
        person.events.splice(step.which % person.events.length, 1);
    }

    // Everybody is in the list of every dialect once, as the model has them; who was erased is in none.
    async list(step) {
        const pages = {
            general: async (n) => (await this.all.general.get(`/v1/patients?page=${n + 1}&page_size=${step.size}`)).json.patients.map((one) => [one.id, one]),
            twine: async (n) => (await this.all.twine.get(`/pub/patient?filter[organization]=${ACME}&page[number]=${n + 1}&page[size]=${step.size}`)).json.data.map((data) => [data.id, { data }]),
            graph: async (n) => (await this.all.graph.get(`/v1/patients?brand_id=acme&limit=${step.size}&offset=${n * step.size}`)).json.patients.map((one) => [one.id, one]),
        };
        const listed = [];
        for (let n = 0; ; n++) {
            const page = await pages[step.dialect](n);
            listed.push(...page);
            if (page.length < step.size) break;
        }
        const found = new Map(listed);
        assert.equal(found.size, listed.length, 'nobody is there twice');
        for (const person of this.people) assert.deepEqual(read[step.dialect](found.get(person.ids[step.dialect])), person.model, `${step.dialect} lists`);
        for (const ids of this.gone) assert.ok(!found.has(ids[step.dialect]), 'who was erased is not listed');
    }

    async erase(step) {
        const [gone] = this.people.splice(step.who % this.people.length, 1);
        await this.all.admin.delete(path.graph(gone.ids.graph), 200);
        for (const dialect of dialects) await this.all[dialect].get(path[dialect](gone.ids[dialect]), 404);
        this.gone.push(gone.ids);
    }

    async compareEvents(person) {
        const { data } = (await this.all.twine.get(`/pub/calendar_event?filter[patient]=${person.ids.twine}&page[limit]=500`)).json;
        assert.deepEqual(data.map(({ attributes: a }) => ({ kind: a.type, title: a.title, text: a.description ?? null, at: a.start_at, place: a.location ?? null, end: a.end_at ?? null,
            users: a.attendees.map(({ user }) => user) })), person.events.map(({ canonical, ...event }) => event));
        const { encounters } = (await this.all.graph.get(`/v1/patients/${person.ids.graph}/encounters?limit=200`)).json;
        assert.deepEqual(encounters.map((e) => ({ canonical: e.encounter_type, title: e.chief_complaint, text: e.notes, at: e.scheduled_at })),
            person.events.map(({ canonical, title, text, at }) => ({ canonical, title, text, at })));
    }

    async compare(person, step) {
        for (const dialect of dialects) {
            const { json } = await this.all[dialect].get(path[dialect](person.ids[dialect]));
            assert.deepEqual(read[dialect](json), person.model, `${dialect} after ${JSON.stringify(step)}`);
        }
        if (['meet', 'move', 'cancel', 'end'].includes(step.kind)) await this.compareEvents(person);
        if (step.kind !== 'measure') return;
        const kept = person.metrics[step.key];
        const series = (await this.all.graph.get(`/v1/patients/${person.ids.graph}/metrics/${step.key}`)).json.data.map((one) => one.value_numeric);
        assert.deepEqual(series, kept);
        const gauge = step.key === 'pain_level' ? 'pain' : step.key;
        const text = (await this.all.general.get(`/v1/patients/${person.ids.general}/gauges?gauge_type=${gauge}`)).text;
        assert.deepEqual([...text.matchAll(/"value":([^,]+),/g)].map(([, digits]) => digits), [...kept].reverse());
        const metrics = (await this.all.twine.get(`/pub/patient_health_metric?filter[patient]=${person.ids.twine}&page[limit]=500`)).text;
        assert.deepEqual([...metrics.matchAll(/"type":"(\w+)","occurred_at":"[^"]+","value":([^,}]+)/g)].filter(([, key]) => key === step.key).map(([, , digits]) => digits), kept);
    }

    async take(step) {
        if (step.kind !== 'create' && !this.people.length) return;
        const person = ['create', 'erase', 'list'].includes(step.kind) ? undefined : this.at(step);
        await this[step.kind](step);
        const subject = step.kind === 'create' ? this.people.at(-1) : person;
        if (subject) await this.compare(subject, step);
    }
}

async function walk(list) {
    const gateway = await startGateway();
    const world = new World({ ...clients(gateway), admin: gateway.client('patient-graph', { scope: 'admin:patients read:patients' }) });
    try {
        for (const step of list) await world.take(step);
        for (const person of world.people) await world.compare(person, { kind: 'end' });
    } finally {
        await gateway.stop();
    }
}

// Leaves out halves, quarters, … as long as it still fails.
async function shrink(list) {
    for (let size = Math.ceil(list.length / 2), tries = 0; size >= 1 && tries < 40;) {
        let smaller;
        for (let from = 0; from < list.length && !smaller && tries < 40; from += size, tries++) {
            const candidate = [...list.slice(0, from), ...list.slice(from + size)];
            if (await walk(candidate).then(() => false, () => true)) smaller = candidate;
        }
        if (smaller) list = smaller;
        else size = size === 1 ? 0 : Math.ceil(size / 2);
    }
    return list;
}

describe('a walk through all dialects', () => {
    test(`${steps} steps of seed ${seed}`, async (t) => {
        t.diagnostic(`DRAGOMAN_SEED=${seed} DRAGOMAN_STEPS=${steps}`);
        const list = makeWalk();
        try {
            await walk(list);
        } catch (error) {
            const small = await shrink(list);
            error.message = `seed ${seed}: ${small.length} steps suffice:\n${small.map((one) => JSON.stringify(one)).join('\n')}\n${error.message}`;
            throw error;
        }
    });
});
