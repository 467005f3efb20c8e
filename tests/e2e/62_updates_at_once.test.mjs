// Updates of one entity at the same time, by clients of one dialect: whatever each was told, the entity is afterwards as one of them
// said, as a whole; what the backend has and what the gateway keeps beside it are never of two.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, idsOf, person, sanitized, startGateway } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';

const ROUNDS = Number(process.env.DRAGOMAN_TRIES ?? (sanitized ? 10 : 30));

describe(`updates at once, ${ROUNDS} rounds of each`, () => {
    let gateway, all, fhir, me, ids, group;

    before(async () => {
        gateway = await startGateway({ patients: 2, set: { workers: 2 } });
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
        const one = person();
        await all.general.post('/v1/patients', { patient: one });
        ids = await idsOf(all, one.email);
        me = gateway.client('patient-graph', { patient: ids.graph });
        me.judged = false; // the shapes know no journal
        group = (await all.twine.post('/pub/group', { data: { type: 'group', attributes: { name: 'At once' } } })).json.data.id;
    });
    after(() => gateway.stop());

    const phones = (word) => [{ type: 'home', value: `${word} 1`, primary: true }, { type: 'work', value: `${word} 2` }];
    const twine = (attributes, relationships) => all.twine.patch(`/pub/patient/${ids.twine}`, { data: { type: 'patient', id: ids.twine, attributes, relationships } }, null);
    const groups = (...of) => ({ groups: { data: of.map((id) => ({ type: 'group', id })) } });
    const readTwine = async () => {
        const { attributes } = (await all.twine.get(`/pub/patient/${ids.twine}`)).json.data;
        return [...attributes.phone_numbers.map(({ value }) => value), attributes.note];
    };
    const saidToTwine = (word) => [`${word} 1`, `${word} 2`, word];
    const resource = (word) => ({ resourceType: 'Patient', id: ids.graph, name: [{ family: word, given: [word, 'x'] }], maritalStatus: { text: word }, telecom: [{ system: 'phone', value: word }, { system: 'fax', value: word }] });
    const readFhir = async () => {
        const { name, maritalStatus, telecom } = (await fhir.get(`/Patient/${ids.graph}`)).json;
        return [name[0].family, name[0].given[0], maritalStatus.text, ...telecom.map(({ value }) => value)];
    };

    const general = (method) => ({
        words: 3,
        send: (word) => all.general.call(method, `/v1/patients/${ids.general}`, { body: { patient: { phone: word, hat: word } } }),
        read: async () => {
            const { phone, hat } = (await all.general.get(`/v1/patients/${ids.general}`)).json;
            return [phone, hat];
        },
        want: (word) => [word, word],
    });

    /** What is sent with a word, how it is read afterwards, and what is read then; `before`: first, each time; `words`:
     *  how many at once (2); `status`: of each (200). */
    const kinds = {
        'of arrays': { send: (word) => twine({ phone_numbers: phones(word), note: word }), read: readTwine, want: saidToTwine },
        'of arrays, one with groups': {
            before: () => twine(undefined, groups()),
            send: (word, i) => twine({ phone_numbers: phones(word), note: word }, i ? undefined : groups(group)),
            read: readTwine, want: saidToTwine,
        },
        'of members of both kinds, by PUT': general('PUT'),
        'of members of both kinds, by PATCH': general('PATCH'),
        'of an object and what nobody knows': {
            words: 3,
            send: (word) => all.graph.call('PATCH', `/v1/patients/${ids.graph}`, { body: { metadata: { at_once: word }, hat: word } }),
            read: async () => {
                const { metadata, hat } = (await all.graph.get(`/v1/patients/${ids.graph}`)).json;
                return [metadata.at_once, hat];
            },
            want: (word) => [word, word],
        },
        'of a day of a journal': {
            words: 3,
            send: (word, i) => me.call('POST', '/v1/patients/me/journal', { body: { entry_date: '2024-05-01', mood: 3, energy: 3, notes: word, ...(i ? { hat: word } : {}) } }),
            read: async () => {
                const [{ notes, hat }] = (await me.get('/v1/patients/me/journal?from=2024-05-01&to=2024-05-01')).json.entries;
                return [notes, hat];
            },
            want: (word) => [word, word.startsWith('A') ? undefined : word],
        },
        'of an onboarding': {
            words: 3,
            send: (word) => me.call('POST', '/v1/patients/me/onboarding', { body: { goals: [word], hat: word } }),
            read: async () => {
                const { goals, hat } = (await me.get('/v1/patients/me/onboarding')).json;
                return [goals[0], hat];
            },
            want: (word) => [word, word],
        },
        'of whole resources': { send: (word) => fhir.call('PUT', `/Patient/${ids.graph}`, { body: resource(word) }), read: readFhir, want: (word) => Array(5).fill(word) },
    };
    for (const [what, { before: first, words: count = 2, status = 200, send, read, want }] of Object.entries(kinds))
        test(`${what}: one of them is the later one`, async () => {
            for (let round = 0; round < ROUNDS; round++) {
                await first?.();
                const words = [`A${round}`, `B${round}`, `C${round}`].slice(0, count);
                const statuses = (await Promise.all(words.map(send))).map((answer) => answer.status);
                assert.deepEqual(statuses, words.map(() => status));
                const now = await read();
                assert.ok(words.some((word) => JSON.stringify(want(word)) === JSON.stringify(now)), `round ${round}: ${now}`);
            }
        });
});
