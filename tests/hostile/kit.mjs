// What the hostile tests share: bytes on a socket, a backend that counts, and the frames of HTTP/2.
import http from 'node:http';
import net from 'node:net';

/** Bytes in, everything that comes back until the connection closes, or nothing has come for `wait` ms, out. */
export function raw(port, bytes, { wait = 3000, end = false } = {}) {
    return new Promise((done) => {
        const socket = net.connect(port, '127.0.0.1', () => (end ? socket.end(bytes) : socket.write(bytes)));
        let text = '', timer;
        const finish = (closed) => { clearTimeout(timer); socket.destroy(); done({ text, closed, answers: text.match(/HTTP\/1\.1 \d{3}/g)?.filter((l) => !l.endsWith('100')) ?? [] }); };
        const arm = () => { clearTimeout(timer); timer = setTimeout(() => finish(false), wait); };
        arm();
        socket.on('data', (chunk) => { text += chunk.toString('latin1'); arm(); });
        socket.on('close', () => finish(true));
        socket.on('error', () => {});
    });
}

/** A backend that answers every call with what `reply(incoming, body)` returns, or promises, and keeps what it was asked. */
export async function startBackend(reply) {
    const asked = [];
    const server = http.createServer((incoming, outgoing) => {
        const chunks = [];
        incoming.on('data', (chunk) => chunks.push(chunk));
        incoming.on('end', async () => {
            const body = Buffer.concat(chunks).toString();
            asked.push({ method: incoming.method, url: incoming.url, headers: incoming.headers, body });
            const { status = 200, json, headers = {}, text = JSON.stringify(json) } = (await reply(incoming, body)) ?? {};
            outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
            outgoing.end(text);
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    server.unref(); // a file that fails before it stops its backend ends all the same
    return { asked, port: server.address().port, url: `http://127.0.0.1:${server.address().port}`,
        stop: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}

/** Stops what was started, in that order, whatever does not stop well or was never started; then tells the first fault. */
export async function stopAll(...started) {
    const faults = [];
    for (const one of started) await one?.stop().catch((fault) => faults.push(fault));
    if (faults.length) throw faults[0];
}

export const H2 = { DATA: 0, HEADERS: 1, PRIORITY: 2, RST: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW: 8, CONTINUATION: 9 };
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
}

/** A header block without compression: literal fields, no Huffman. */
export function block(fields) {
    const text = (value) => {
        const bytes = Buffer.from(value, 'latin1');
        if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
        const rest = [];
        let n = bytes.length - 127;
        for (; n >= 128; n = Math.floor(n / 128)) rest.push((n % 128) + 128);
        return Buffer.concat([Buffer.from([127, ...rest, n]), bytes]);
    };
    return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

export const get = (path = '/v1/patients', more = [], method = 'GET') => block([[':method', method], [':scheme', 'http'], [':path', path], [':authority', 'localhost'], ...more]);

/** Speaks HTTP/2 in frames of its own choice; sees the frames that come, and when the other side has closed. */
export class Frames {
    constructor(port) {
        Object.assign(this, { frames: [], closed: false });
        this.socket = net.connect(port, '127.0.0.1');
        let rest = Buffer.alloc(0);
        this.socket.on('data', (chunk) => {
            rest = Buffer.concat([rest, chunk]);
            while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
                const length = rest.readUIntBE(0, 3);
                this.frames.push({ type: rest[3], flags: rest[4], stream: rest.readUInt32BE(5), payload: rest.subarray(9, 9 + length) });
                rest = rest.subarray(9 + length);
            }
        });
        this.socket.on('error', () => {});
        this.gone = new Promise((done) => this.socket.on('close', () => { this.closed = true; done(); }));
        this.write(PREFACE, frame(H2.SETTINGS, 0, 0));
    }
    write(...frames) { if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames)); }
    of(type) { return this.frames.filter((f) => f.type === type); }
    /** Whether the other side says goodbye or closes within `ms`. */
    async refused(ms = 10000) {
        for (let waited = 0; waited < ms && !this.closed && !this.of(H2.GOAWAY).length; waited += 20) await new Promise((done) => setTimeout(done, 20));
        return this.closed || this.of(H2.GOAWAY).length > 0;
    }
    destroy() { this.socket.destroy(); }
}
