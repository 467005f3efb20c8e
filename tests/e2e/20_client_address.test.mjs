// Whose address counts where a proxy stands between the clients and the gateway.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { request, sleep, startGateway } from './harness.mjs';

const guess = (gateway, forwarded, token = 'guess') => request(gateway.port, 'GET', '/pub/organization/58c4554710123c5c40dbab81',
    { headers: { authorization: `Bearer ${token}`, ...(forwarded && { 'x-forwarded-for': forwarded }) } });

// In no order: each worker writes the lines of its own requests.
async function peers(gateway, count) {
    for (let waited = 0; gateway.accessLog().length < count && waited < 5000; waited += 20) await sleep(20);
    return gateway.accessLog().map(({ peer }) => peer).sort();
}

describe('a client behind a proxy that is trusted', () => {
    test('is itself: one that guesses locks out no other', async () => {
        const gateway = await startGateway({ set: { trusted_proxies: '[127.0.0.0/8]', 'auth.failures_per_minute': '5' } });
        const good = gateway.token('twine');
        for (let i = 0; i < 5; i++) assert.equal((await guess(gateway, '203.0.113.9')).status, 401);
        assert.equal((await guess(gateway, '203.0.113.9', good)).status, 429);
        assert.equal((await guess(gateway, '198.51.100.1, 203.0.113.9', good)).status, 429, 'what it wrote itself changes nothing');
        assert.equal((await guess(gateway, '203.0.113.10', good)).status, 200);
        assert.equal((await guess(gateway, '203.0.113.9, 203.0.113.10', good)).status, 200);
        assert.deepEqual(await peers(gateway, 9), ['203.0.113.10', '203.0.113.10', ...Array(7).fill('203.0.113.9')]);
        await gateway.stop();
    });

    test('is who acknowledged something, where the address is stored', async () => {
        const gateway = await startGateway({ set: { trusted_proxies: '["127.0.0.1", "10.0.0.0/8"]' } });
        const headers = { authorization: `Bearer ${gateway.token('patient-graph', { patient: '00000000-a1b9-45f4-ad5c-862ca213f202' })}`,
            'content-type': 'application/json', 'x-forwarded-for': '[2001:db8::7]:4711, 10.1.2.3' };
        const body = JSON.stringify({ full_name: 'Ann Case', ip_address: '10.1.2.3', source: 'web' });
        const made = await request(gateway.port, 'POST', '/v1/researcher-acknowledgements', { headers, body });
        assert.equal(JSON.parse(made.text).ip_address, '2001:db8::7', made.text);
        assert.deepEqual(await peers(gateway, 1), ['2001:db8::7']);
        await gateway.stop();
    });
});

test('without trusted proxies the header means nothing', async () => {
    const gateway = await startGateway({ set: { 'auth.failures_per_minute': '5' } });
    for (let i = 0; i < 5; i++) assert.equal((await guess(gateway, `203.0.113.${i}`)).status, 401);
    assert.equal((await guess(gateway, '203.0.113.99', gateway.token('twine'))).status, 429);
    assert.deepEqual([...new Set(await peers(gateway, 6))], ['127.0.0.1']);
    await gateway.stop();
});
