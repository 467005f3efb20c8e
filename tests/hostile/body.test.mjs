// Bodies that two readers read in two ways, that are too much, or that are not what they say they are.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ANY, request, clients, startGateway } from '../e2e/harness.mjs';
import { checkShape } from '../e2e/shapes.mjs';
import { startBackend } from './kit.mjs';

const T = { created_at: '2024-01-01T00:00:00.000Z', updated_at: '2024-01-01T00:00:00.000Z' };

describe('bodies', () => {
    let gateway, backend, all;
    before(async () => {
        backend = await startBackend(({ method, url }, body) => ({ status: method === 'POST' ? 201 : 200, json: url.includes('metrics')
            ? { id: 'm-1', patient_id: 'p-1', brand_id: 'acme', metric_key: 'mood', value_numeric: 7, value_text: null, unit: null, source: 'api', is_phi: true, recorded_at: T.created_at, created_at: T.created_at }
            : { id: 'p-1', brand_id: 'acme', first_name: 'Qanary', last_name: 'x', date_of_birth: null, gender: null, email: null, phone: null, external_ids: {}, status: 'active', metadata: {}, ...T, echo: body.length } }));
        gateway = await startGateway({ ready: '/healthz', set: { 'backend.url': backend.url, 'limits.body_kb': '1024', 'limits.json_string_kb': '64', 'limits.json_depth': '32', 'limits.json_members': '100', 'limits.json_elements': '1000' } });
        all = clients(gateway);
    });
    after(async () => {
        await gateway.stop();
        await backend.stop();
    });
    const inner = '"first_name":"Qanary","last_name":"x","date_of_birth":"1984-02-29","gender":"x"';
    const shells = { general: ['/v1/patients', (text) => `{"patient":{${inner}${text && `,${text}`}}}`], graph: ['/v1/patients', (text) => `{"brand_id":"acme",${inner.replace(',"gender":"x"', '')}${text && `,${text}`}}`],
        twine: ['/pub/patient', (text) => `{"data":{"type":"patient","attributes":{"first_name":"Qanary","last_name":"x"${text && `,${text}`}}}}`] };
    /** Sends it in every dialect; nothing may have reached the backend unless it was taken. */
    async function everywhere(text, statuses, what) {
        for (const [name, [path, wrap]] of Object.entries(shells)) {
            backend.asked.length = 0;
            const body = typeof text === 'function' ? text(wrap) : wrap(text);
            const got = await all[name].post(path, body, ANY);
            assert.ok(statuses.includes(got.status), `${name}, ${what ?? text}: ${got.status} ${got.text.slice(0, 300)}`);
            if (got.status >= 400) assert.equal(backend.asked.length, 0, `${name}, ${what}: the backend was asked`);
        }
    }

    test('s34_duplicate_members', async () => {
        for (const text of ['"first_name":"Mallory"', '"x":1,"x":2', '"x":{"a":1,"b":2,"a":3}', '"x":[{"a":1,"a":1}]', '"x":1,"\\u0078":2', '"f\\u0069rst_name":"Mallory"']) await everywhere(text, [400], text);
        await everywhere((wrap) => wrap('').replace(/\}$/, ',"patient":{},"data":{},"brand_id":"globex","patient":1,"data":1,"brand_id":1}'), [400], 'at the top');
    });

    test('s35_too_much_of_anything', async () => {
        const deep = (n) => `"x":${'['.repeat(n)}${']'.repeat(n)}`;
        const started = process.hrtime.bigint();
        for (const [what, text] of Object.entries({ depth: deep(40), 'endless depth': deep(100000), objects: `"x":${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, members: `"x":{${Array.from({ length: 200 }, (_, i) => `"m${i}":1`)}}`,
            elements: `"x":[${Array(2000).fill(1)}]`, 'a string': `"x":"${'a'.repeat(70 * 1024)}"`, 'a name': `"${'a'.repeat(70 * 1024)}":1`, bytes: `"x":[${Array(20).fill(`"${'a'.repeat(60 * 1024)}"`)}]` }))
            await everywhere(text, [400, 413], what);
        assert.ok(process.hrtime.bigint() > started);
        await everywhere('', [201], 'what is not too much');
    });

    test('s36_numbers_keep_their_text', async () => {
        for (const digits of ['9007199254740993', '18446744073709551616', '0.1', '100.20', '1e400', '-0', '1E+2', '0.30000000000000004', '123456789012345678901234567890.5']) {
            backend.asked.length = 0;
            const got = await all.graph.post('/v1/patients/p-1/metrics', `{"metric_key":"mood","value_numeric":${digits},"source":"api","recorded_at":"2024-01-01T00:00:00Z"}`, ANY);
            if (got.status >= 400) assert.match(got.text, /value_numeric/, digits);
            else assert.ok(backend.asked.at(-1).body.includes(`:${digits},`) || backend.asked.at(-1).body.includes(`"${digits}"`), `${digits} became ${backend.asked.at(-1).body}`);
            await everywhereRest(digits);
        }
        async function everywhereRest(digits) {
            backend.asked.length = 0;
            const { status } = await all.graph.post('/v1/patients', `{"brand_id":"acme",${inner.replace(',"gender":"x"', '')},"metadata":{"n":${digits}}}`, ANY);
            if (status < 400) assert.ok(backend.asked.at(-1).body.includes(`"n":${digits}`), backend.asked.at(-1).body);
        }
        for (const text of ['01', '1.', '.5', '+1', '0x10', 'NaN', 'Infinity', '1e', '--1', '1_000']) await everywhere(`"x":${text}`, [400], text);
    });

    test('s37_text_that_is_no_unicode', async () => {
        const bytes = (...list) => (wrap) => { const [head, tail] = wrap('"x":"@@"').split('@@'); return Buffer.concat([Buffer.from(head), Buffer.from(list), Buffer.from(tail)]); };
        for (const list of [[0xff], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xf0, 0x80, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3], [0x80], [0x00], [0x1f], [0x0a], [0xf8, 0x88, 0x80, 0x80, 0x80]]) await everywhere(bytes(...list), [400], list.map((b) => b.toString(16)).join(' '));
        for (const text of ['"x":"\\ud800"', '"x":"\\udc00"', '"x":"\\ud800\\ud800"', '"x":"\\udc00\\ud800"', '"x":"\\u0000"', '"\\u0000":1', '"x":"\\ud83d"', '"x":"\\x41"', '"x":"\\u00zz"']) await everywhere(text, [400], text);
        await everywhere((wrap) => `\ufeff${wrap('')}`, [400], 'a byte order mark');
        await everywhere((wrap) => Buffer.from(wrap(''), 'utf16le'), [400], 'UTF-16');
        await everywhere((wrap) => `${wrap('')} x`, [400], 'bytes left over');
        await everywhere((wrap) => `${wrap('')}${wrap('')}`, [400], 'two documents');
        await everywhere(() => '', [400, 411, 415, 422, 409], 'nothing');
    });

    test('s38_content_types_are_matched_exactly', async () => {
        const send = async (name, type, accept) => {
            const [path, wrap] = shells[name], body = wrap('');
            backend.asked.length = 0;
            const got = await request(gateway.port, 'POST', path, { body, headers: { ...all[name].headers(), 'content-length': Buffer.byteLength(body), ...(type === undefined ? {} : { 'content-type': type }), ...(accept ? { accept } : {}) } });
            checkShape(name === 'graph' ? 'patient-graph' : name, got);
            if (got.status >= 400) assert.equal(backend.asked.length, 0);
            return got.status;
        };
        for (const name of Object.keys(shells))
            for (const type of ['text/plain', 'text/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', 'application/json5', 'application/xml', 'json', '', 'application/merge-patch+json', 'text/plain; application/json'])
                assert.equal(await send(name, type), 415, `${name} ${type}`);
        for (const name of ['general', 'graph']) for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8']) assert.equal(await send(name, type), 201, `${name} ${type}`);
        assert.equal(await send('general', 'application/json; charset=utf-16'), 415);
        assert.equal(await send('twine', 'application/vnd.api+json'), 201);
        for (const type of ['application/vnd.api+json; ext="https://evil.test/"', 'application/vnd.api+json; charset=latin1', 'application/vnd.api+json; x=y']) assert.equal(await send('twine', type), 415, type);
        assert.equal(await send('twine', 'application/vnd.api+json', 'text/html'), 406);
        assert.equal(await send('twine', 'application/vnd.api+json', 'application/vnd.api+json; ext=x'), 406);
    });
});
