// Keys of issuers, made for a test.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

/** Read back from PEM: what exports a key that Node has just generated may wait for itself for ever, when a collection of garbage in
    the middle of it meets the generator (Node 18 and 20: both take the key's lock). */
export function keyPair(type, options = {}) {
    const { privateKey, publicKey } = generateKeyPairSync(type, { ...options,
        publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey) };
}

export const makers = {
    RS256: () => keyPair('rsa', { modulusLength: 2048 }),
    PS256: () => keyPair('rsa', { modulusLength: 2048 }),
    ES256: () => keyPair('ec', { namedCurve: 'P-256' }),
    ES384: () => keyPair('ec', { namedCurve: 'P-384' }),
    EdDSA: () => keyPair('ed25519'),
};
