// An authority that signs, publishes keys and is asked about tokens, as a test tells it to.
import { sign } from 'node:crypto';
import http from 'node:http';
import { makers } from '../e2e/keys.mjs';

export const ISSUER = 'https://issuer.test/';
export const base64url = (value) => Buffer.from(value).toString('base64url');

const signers = {
    RS256: (input, key) => sign('sha256', input, key),
    PS256: (input, key) => sign('sha256', input, { key, padding: 6, saltLength: 32 }),
    ES256: (input, key) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
    ES384: (input, key) => sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' }),
    EdDSA: (input, key) => sign(null, input, key),
};

let serial = 0;
/** A key of an authority, and the tokens that it signs. `kid: null` names none. */
export class Key {
    constructor(alg, kid = `key-${++serial}`) {
        Object.assign(this, { alg, kid, ...makers[alg]() });
    }
    jwk(more = {}) { return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg: this.alg, ...more }; }
    claims(more = {}) {
        const now = Math.floor(Date.now() / 1000);
        return { iss: ISSUER, aud: 'dragoman', sub: 'tester', brand_id: 'acme', scope: 'read:organization read:patients', iat: now, exp: now + 600, jti: `j${++serial}`, ...more };
    }
    token(claims = {}, header = {}) {
        return this.sign(JSON.stringify({ alg: this.alg, kid: this.kid ?? undefined, typ: 'at+jwt', ...header }), JSON.stringify(this.claims(claims)));
    }
    /** Signs two texts as they are, well formed or not. */
    sign(header, payload, signature = signers[this.alg]) {
        const input = `${base64url(header)}.${base64url(payload)}`;
        return `${input}.${signature(Buffer.from(input), this.privateKey).toString('base64url')}`;
    }
}

/** Answers /keys and /introspect as it is told, and counts. */
export class Authority {
    constructor() {
        Object.assign(this, { keys: [], tokens: new Map(), asked: { keys: 0, introspect: 0 }, broken: undefined });
        this.server = http.createServer((incoming, outgoing) => {
            const chunks = [];
            incoming.on('data', (chunk) => chunks.push(chunk));
            incoming.on('end', () => this.answer(incoming, Buffer.concat(chunks).toString(), outgoing));
        });
    }
    answer(incoming, body, outgoing) {
        const what = incoming.url.startsWith('/keys') ? 'keys' : 'introspect';
        this.asked[what]++;
        if (this.broken) return this.broken(outgoing);
        const json = what === 'keys' ? { keys: this.keys } : this.tokens.get(new URLSearchParams(body).get('token')) ?? { active: false };
        const known = incoming.headers.authorization === `Basic ${Buffer.from('gateway:s%3Acret').toString('base64')}`;
        outgoing.writeHead(what === 'keys' || known ? 200 : 401, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify(json));
    }
    async listen() {
        await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
        this.server.unref(); // as the backends of kit.mjs
        this.url = `http://127.0.0.1:${this.server.address().port}`;
    }
    close() {
        this.server.closeAllConnections();
        return new Promise((done) => this.server.close(done));
    }
}

export const breakages = {
    500: (out) => { out.writeHead(500); out.end('oh'); },
    html: (out) => { out.writeHead(200, { 'content-type': 'text/html' }); out.end('<html>Sign in</html>'); },
    empty: (out) => { out.writeHead(200); out.end('{"keys":[]}'); },
    'a redirect': (out) => { out.writeHead(302, { location: 'http://127.0.0.1:1/' }); out.end(); },
    large: (out) => { out.writeHead(200); out.end(Buffer.alloc(10 * 1024 * 1024, ' ')); },
    reset: (out) => out.socket.destroy(),
    slow: () => {},
};
