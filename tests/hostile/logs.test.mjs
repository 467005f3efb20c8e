// Canaries: names, dates, tokens and bodies that are sent through every door, in every way that ends in an error too, and are then
// looked for in everything that the gateway wrote. (The harness does the same at the end of every other gateway of a test run.)
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ACME, ANY, clients, endedLines, request, startGateway } from '../e2e/harness.mjs';
import { raw } from './kit.mjs';

const canary = { first_name: 'Zebulonq', last_name: 'Canaryson', date_of_birth: '1931-07-19', email: 'zebulonq.canaryson@example.com', phone: '+1-555-0190-777', gender: 'Qgender' };
const words = ['Zebulonq', 'zebulonq', 'Canaryson', '1931-07-19', '0190-777', 'Qgender', 'Qfeeling', 'qsearch', 'Qsecretmember', 'Qheadervalue', 'q-mrn-77'];

describe('logs', () => {
    let gateway, all, log;
    before(async () => {
        gateway = await startGateway({ set: { 'log.level': 'debug', 'limits.head_ms': '1000' } });
        all = clients(gateway);
    });
    after(() => gateway.stop());

    test('s53_nothing_private_is_written_at_any_level', async () => {
        const { general, graph, twine } = all;
        const { json: { id } } = await general.post('/v1/patients', { patient: canary });
        await general.post('/v1/patients', { patient: canary }, ANY);
        await general.put(`/v1/patients/${id}`, { patient: { phone: canary.phone } });
        await general.put(`/v1/patients/${id}`, { patient: { date_of_birth: '1931-07-19x', first_name: '' } }, ANY);
        await general.get(`/v1/patients?search=qsearch&page=Zebulonq`, ANY);
        await general.post(`/v1/patients/${id}/gauges`, { gauge: { gauge_type: 'mood', value: 'Qfeeling', notes: 'Qfeeling better' } }, ANY);
        await general.post('/v1/patients', '{"patient":{"first_name":"Zebulonq","first_name":"Canaryson"}}', ANY);
        await general.post('/v1/patients', '{"patient":{"first_name":"Zebulonq"', ANY);
        await general.post('/v1/patients', Buffer.from([0x7b, 0x22, 0xff, ...Buffer.from('Zebulonq')]), ANY);
        await graph.post('/v1/patients', { brand_id: 'acme', ...canary, Qsecretmember: 1 }, ANY);
        await graph.post('/v1/patients', { brand_id: 'globex', ...canary }, 403);
        await graph.get('/v1/patients?brand_id=acme&search=qsearch', ANY);
        await graph.get('/v1/patients/Zebulonq-1931-07-19', 404);
        await graph.get('/v1/Zebulonq/Canaryson', 404);
        await twine.post('/pub/patient', { data: { type: 'patient', attributes: { first_name: 'Zebulonq', last_name: 'Canaryson', birth_date: '1931-07-19', identifiers: [{ system: 'mrn', value: 'q-mrn-77' }], Qsecretmember: 1 } } }, ANY);
        await twine.get(`/pub/patient?filter[organization]=${ACME}&filter[identifier][system]=mrn&filter[identifier][value]=q-mrn-77`);
        await twine.get('/pub/patient?filter[Zebulonq]=Canaryson', ANY);
        for (const token of [`${all.graph.token}x`, 'Zebulonq.Canaryson.Qheadervalue', 'Qheadervalue'])
            for (const dialect of ['general', 'twine', 'patient-graph']) await gateway.client(dialect, { token }).get(dialect === 'twine' ? `/pub/organization/${ACME}` : '/v1/patients?brand_id=acme', ANY);
        const headers = { 'x-request-id': 'Zebulonq Canaryson', traceparent: '00-Zebulonq', 'user-agent': 'Qheadervalue', referer: 'http://Qheadervalue/', 'x-forwarded-for': 'Qheadervalue', cookie: 'Qheadervalue=1' };
        await request(gateway.port, 'GET', '/v1/patients/Zebulonq', { headers: { ...general.headers(), ...headers } });
        await raw(gateway.port, `GET /Zebulonq HTTP/1.1\r\nHost: Canaryson\r\nX-User-Token: ${general.token}\r\nX-User-Token: Qheadervalue\r\n\r\n`);
        await raw(gateway.port, `GET /v1/patients/Zebulonq HTTP/1.1\r\nHost: x\r\nX-A: Qheadervalue`, { wait: 2500 }); // cut off in the head
        await raw(gateway.port, 'POST /v1/patients HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"first_name":"Zebulonq"', { wait: 500 });
        const { text: token } = await request(gateway.port, 'POST', '/oauth/token', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'grant_type=client_credentials&client_id=Zebulonq&client_secret=Qheadervalue' });
        assert.ok(!token.includes('Qheadervalue'));
        await general.get(`/v1/patients/${id}`);
        const metrics = (await gateway.admin('/metrics')).text;
        await new Promise((done) => setTimeout(done, 1000)); // lines are written a few times a second
        log = { stdout: gateway.output('stdout'), stderr: gateway.output('stderr'), metrics };
        assert.ok(log.stdout.split('\n').length > 30, 'there are lines');
        for (const [where, text] of Object.entries(log))
            for (const word of [...words, ...['general', 'graph', 'twine'].flatMap((d) => [all[d].token, all[d].token.split('.')[2]])])
                assert.ok(!text.includes(word), `${where} holds ${word.slice(0, 20)}: ${text.split('\n').find((l) => l.includes(word))?.slice(0, 300)}`);
    });

    test('s53_lines_cannot_be_forged', async () => {
        const evil = '\u001b[31m', line = '%0a{"level":"error","msg":"forged"}';
        for (const path of [`/v1/patients/a${line}`, `/v1/${line}`, `/v1/patients?search=${line}`, `/v1/patients/${encodeURIComponent(evil)}`, `/v1/patients/%0d%0aX-Forged:%201`]) {
            const { headers } = await all.graph.get(path, ANY);
            assert.equal(headers['x-forged'], undefined);
        }
        for (const value of ['a\tb', 'a"b', 'a{b', 'a\\nb', 'a%0ab', 'x'.repeat(2000), '\u00e9'])
            await request(gateway.port, 'GET', '/v1/patients', { headers: { ...all.general.headers(), 'x-request-id': value, traceparent: value } });
        await new Promise((done) => setTimeout(done, 1000));
        for (const text of [gateway.output('stdout'), gateway.output('stderr')]) {
            assert.ok(!text.includes('forged') && !/[\x00-\x08\x0b-\x1f\x7f]/.test(text));
            for (const one of endedLines(text).filter((l) => l.startsWith('{'))) JSON.parse(one);
        }
    });
});
