// Calls the embedded backend as the gateway does, with a token of the gateway's own key: for data that no dialect's API
// can create.
import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from './harness.mjs';

const base64url = (text) => Buffer.from(text).toString('base64url');

/** RFC 7638: how the gateway names its keys. */
function thumbprint(key) {
    const { crv, kty, x, y } = createPublicKey(key).export({ format: 'jwk' });
    return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** A token that the gateway itself could have made, of an hour unless `exp` is told. */
export function signToken(gateway, claims) {
    const key = createPrivateKey(readFileSync(join(gateway.stateDir, 'signing-key.pem')));
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: gateway.options.set?.['auth.issuer'] ?? 'urn:dragoman', iat: now, exp: now + 3600, ...claims };
    const text = `${base64url(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: thumbprint(key) }))}.${base64url(JSON.stringify(payload))}`;
    const token = `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    gateway.secrets.add(token);
    return token;
}

/** One call to the embedded backend, answered with the status named (default: any 2xx). */
export async function backendCall(gateway, method, path, document, { brand = 'acme', status } = {}) {
    const body = document === undefined ? undefined : JSON.stringify(document);
    const typed = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const got = await request(gateway.backendPort, method, path, { headers: { authorization: `Bearer ${signToken(gateway, { aud: 'dragoman-backend', sub: 'tests', brand_id: brand })}`, ...typed }, body });
    assert.ok(status ? got.status === status : got.status >= 200 && got.status < 300, `${method} ${path}: ${got.status} ${got.text}`);
    return got.json;
}
