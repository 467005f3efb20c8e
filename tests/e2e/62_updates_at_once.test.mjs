// Updates of one entity at the same time, by clients of one dialect: whatever each was told, the entity is afterwards as one of them
// said, as a whole; what the backend has and what the gateway keeps beside it are never of two.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clients, idsOf, person, sanitized, startGateway } from './harness.mjs';
import { FhirClient } from './fhir_kit.mjs';

const ROUNDS = Number(process.env.DRAGOMAN_TRIES ?? (sanitized ? 10 : 30));

describe(`updates at once, ${ROUNDS} rounds of each`, () => {
    let gateway, all, fhir, ids, group;

    before(async () => {
        gateway = await startGateway({ patients: 2 });
        all = clients(gateway);
        fhir = new FhirClient(gateway, gateway.token('fhir'));
        const one = person();
        await all.general.post('/v1/patients', { patient: one });
        ids = await idsOf(all, one.email);
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

    /** What is sent with a word, how it is read afterwards, and what is read then; `before`: first, each time. */
    const kinds = {
        'of arrays': { send: (word) => twine({ phone_numbers: phones(word), note: word }), read: readTwine, want: saidToTwine },
        'of arrays, one with groups': {
            before: () => twine(undefined, groups()),
            send: (word, i) => twine({ phone_numbers: phones(word), note: word }, i ? undefined : groups(group)),
            read: readTwine, want: saidToTwine,
        },
        'of whole resources': { send: (word) => fhir.call('PUT', `/Patient/${ids.graph}`, { body: resource(word) }), read: readFhir, want: (word) => Array(5).fill(word) },
    };
    for (const [what, { before: first, send, read, want }] of Object.entries(kinds))
        test(`${what}: one of them is the later one`, async () => {
            for (let round = 0; round < ROUNDS; round++) {
                await first?.();
                const words = [`A${round}`, `B${round}`];
                const statuses = (await Promise.all(words.map(send))).map(({ status }) => status);
                assert.deepEqual(statuses, [200, 200]);
                const now = await read();
                assert.ok(words.some((word) => JSON.stringify(want(word)) === JSON.stringify(now)), `round ${round}: ${now}`);
            }
        });
});
