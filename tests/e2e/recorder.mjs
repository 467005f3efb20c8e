// A gateway in front of a backend that has one of everything, takes everything and writes down what it was asked: so every
// operation of every dialect is answered.
import http from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request, startGateway } from './harness.mjs';

const HEX = '58c4554710123c5c40dbabff', BRAND = '58c4554710123c5c40dbab81';
/** How each dialect writes the id of that one. */
export const ids = { HEX, BRAND, spelled: { twine: HEX, general: '1049', fhir: 'c-fhir', 'patient-graph': 'c-patient-graph' } };
const lists = ['actions', 'bundles', 'calendar_event_responses', 'care_team', 'data', 'email_messages', 'encounters', 'entries', 'events', 'groups',
    'health_profile_answers', 'health_profile_questions', 'health_profiles', 'medications', 'metrics', 'patient_providers', 'patients', 'plans', 'providers',
    'question_definitions', 'results', 'reward_earning_fulfillments', 'reward_earnings', 'reward_program_activations', 'reward_programs', 'rewards'];

/** A backend that has one of everything, and takes everything. */
async function startRecorder() {
    const asked = [], own = { id: 'c-1', total: 1 };
    const server = http.createServer((incoming, outgoing) => {
        let body = '';
        incoming.setEncoding('utf8').on('data', (chunk) => { body += chunk; }).on('end', () => {
            const { method } = incoming, url = new URL(incoming.url, 'http://backend');
            asked.push({ method, path: url.pathname, target: incoming.url, marks: ['unique', 'touch', 'strict_merge'].filter((name) => url.searchParams.get(name) === 'true'), body });
            const brand = /^\/v1\/brands\/([^/]+)$/.exec(url.pathname)?.[1]; // a brand is known by its name
            const { id } = own, one = { id: brand ?? id, brand_id: 'acme', patient_id: id, group_id: id, ...own.more };
            const list = method === 'GET' && (url.searchParams.has('limit') || /\/metrics\/[^/]+$/.test(url.pathname) || !/\/c-[a-z-]+$|\/(me|latest|summary|safe)$/.test(url.pathname));
            const answer = list ? { ...one, ...Object.fromEntries(lists.map((name) => [name, [one]])), total: own.total } : { ...one, ...(body && !Array.isArray(JSON.parse(body)) ? JSON.parse(body) : {}), ...one };
            if (method === 'GET' && url.pathname === '/v1/researcher-acknowledgements/me') answer.acknowledgement = one;
            outgoing.writeHead(own.status ?? (method === 'POST' ? 201 : 200), { 'content-type': 'application/json', etag: '"1"' });
            outgoing.end(JSON.stringify(answer));
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return { asked, own, url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((done) => { server.closeAllConnections?.(); server.close(done); }) };
}

/** `recorder.own.id` is the canonical id of all there is: c-DIALECT. */
export async function startRecorded() {
    const recorder = await startRecorder(), tokens = {};
    const gateway = await startGateway({ seed: false, ready: '/healthz', set: { 'backend.url': recorder.url } });
    try {
        const csv = join(gateway.stateDir, 'ids.csv');
        const kinds = ['patient', 'metric', 'encounter', 'provider', 'group', 'action', 'bundle', 'plan', 'result', 'reward', 'reward_program', 'reward_earning',
            'reward_program_activation', 'reward_earning_fulfillment', 'health_profile', 'health_profile_question', 'health_profile_answer', 'question_definition', 'email_message', 'calendar_event_response'];
        const rows = [`twine,brand,acme,${BRAND},acme`, ...kinds.map((kind) => `twine,${kind},acme,${HEX},c-twine`)];
        writeFileSync(csv, ['dialect,kind,brand,dialect_id,canonical_id', 'general,patient,acme,1049,c-general', ...rows, ''].join('\n'));
        gateway.cli('crosswalk', 'import', csv);
        for (const dialect of Object.keys(ids.spelled)) tokens[dialect] = gateway.token(dialect, { scope: 'admin:*' });
        tokens.me = gateway.token('patient-graph', { scope: 'admin:*', patient: 'c-patient-graph' });
    } catch (error) { // nobody else could stop them
        await gateway.stop();
        await recorder.stop();
        throw error;
    }
    return { recorder, gateway, tokens };
}

/** Some operations are about the caller's own patient. */
export const tokenOf = (tokens, { dialect, template }) => (/\/me(\/|$)|^\/v1\/(researcher-acknowledgements|adherence)/.test(template) ? tokens.me : tokens[dialect]);

export async function send(gateway, recorder, tokens, operation, target, body) {
    const { dialect, method, requestBody } = operation;
    const carrier = dialect === 'general' ? { 'x-user-token': String(tokens.general) } : { authorization: `Bearer ${tokenOf(tokens, operation)}` };
    const typed = body === undefined ? {} : { 'content-type': Object.keys(requestBody.content)[0], 'content-length': Buffer.byteLength(body) };
    recorder.asked.length = 0;
    return request(gateway.port, method, target, { headers: { ...carrier, ...typed }, body, agent: gateway.agent });
}

/** As the operation's first content type has it. */
export function encode({ requestBody }, value) {
    if (!requestBody) return undefined;
    return /urlencoded/.test(Object.keys(requestBody.content)[0]) ? new URLSearchParams(value).toString() : JSON.stringify(value);
}

/** The ids of examples are that of the one that is there. */
export const known = (text) => text?.replace(/"[0-9a-f]{24}"/g, (found) => (found === `"${BRAND}"` ? found : `"${HEX}"`));
