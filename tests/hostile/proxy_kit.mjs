// nginx and HAProxy as Debian packages them, and a tap that counts what they send.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, request, sleep } from '../e2e/harness.mjs';
import { H2, PREFACE } from './kit.mjs';

const configurations = {
    nginx: (folder, port, to, { h2 }) => ['/usr/sbin/nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], 'nginx.conf', `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 512; }
http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream to { server 127.0.0.1:${to}; keepalive 8; }
  server { listen 127.0.0.1:${port}${h2 ? ' http2' : ''}; underscores_in_headers on; ignore_invalid_headers off; location / { proxy_pass http://to; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; proxy_request_buffering off; } } }\n`],
    haproxy: (folder, port, to, { h2, onward, said }) => ['/usr/sbin/haproxy', ['-f', join(folder, 'haproxy.cfg')], 'haproxy.cfg', `global\n  maxconn 512\ndefaults\n  mode ${said ? 'tcp' : 'http'}\n  timeout connect 2s\n  timeout client 4s\n  timeout server 4s\n${said ? '' : '  http-reuse always\n'}frontend in\n  bind 127.0.0.1:${port}${h2 ? ' proto h2' : ''}\n  default_backend to\nbackend to\n  server one 127.0.0.1:${to}${onward ? ' proto h2' : ''} ${said ?? ''}\n`],
};

const listens = (port) => new Promise((done, fail) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(); });
    socket.on('error', fail);
});

/** `h2`: clients speak HTTP/2 to it, by prior knowledge; `onward`: it speaks HTTP/2 to the other side (HAProxy only); `said`: it passes
 *  bytes on, and this is how it does (options of HAProxy's `server`). */
export async function startProxy(name, to, options = {}) {
    const folder = mkdtempSync(join(tmpdir(), `dragoman-${name}-`)), [port] = await freePorts(1);
    const [program, args, file, text] = configurations[name](folder, port, to, options);
    assert.ok(existsSync(program), `${program}: ./dev hostile installs it`);
    mkdirSync(join(folder, 'logs'), { recursive: true });
    writeFileSync(join(folder, file), text);
    const child = spawn(program, args, { stdio: 'ignore' });
    const ended = new Promise((done) => child.on('exit', done)), last = () => child.kill('SIGTERM');
    child.unref(); // a test that fails before it stops its proxy ends all the same
    process.once('exit', last);
    child.once('exit', () => process.off('exit', last));
    const stop = async () => { child.ref(); child.kill('SIGTERM'); await ended; rmSync(folder, { recursive: true, force: true }); };
    for (let n = 0; n < 250; n++) {
        if (await (options.h2 || options.said ? listens(port) : request(port, 'GET', '/', { timeout: 2000 })).then(() => true, () => false)) return { port, stop };
        await sleep(20);
    }
    await stop();
    throw new Error(`${name} does not listen`);
}

/** Passes bytes on and keeps them, connection by connection: those that go forward, and under `back` those that come back; `left`: the front has closed. */
export async function startTap(to) {
    const streams = [], sockets = new Set();
    const server = net.createServer((socket) => {
        const stream = Object.assign([], { back: [] }), out = net.connect(to, '127.0.0.1');
        streams.push(stream);
        for (const s of [socket, out]) { sockets.add(s); s.setNoDelay(true); s.on('error', () => {}); s.on('close', () => { sockets.delete(s); socket.destroy(); out.destroy(); }); }
        for (const event of ['end', 'close']) socket.on(event, () => { stream.left = !out.destroyed || stream.left; });
        socket.on('data', (chunk) => { stream.push(chunk); out.write(chunk); });
        out.on('data', (chunk) => { stream.back.push(chunk); socket.write(chunk); });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    server.unref();
    return { streams, port: server.address().port, stop: () => new Promise((done) => { sockets.forEach((s) => s.destroy()); server.close(done); }) };
}

/** The requests in a stream of bytes (RFC 9112): their first lines; 'unreadable' where it is none, 'unfinished …' where the body ends early. */
export function cut(bytes) {
    const found = [];
    for (let text = bytes.toString('latin1'); text.length;) {
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) { found.push('partial'); break; }
        const head = text.slice(0, end), [line] = head.split('\r\n');
        if (!/^[!#$%&'*+.^_`|~\w-]+ \S+ HTTP\/1\.[01]$/.test(line)) { found.push('unreadable'); break; }
        found.push(line);
        const unfinished = () => { found[found.length - 1] = `unfinished ${line}`; };
        text = text.slice(end + 4);
        const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
        if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
            for (let size = 1; size;) {
                const eol = text.indexOf('\r\n');
                if (eol < 0) unfinished();
                size = eol < 0 ? 0 : parseInt(text, 16) || 0;
                text = text.slice(eol < 0 ? text.length : eol + 2 + size + (size ? 2 : 0));
            }
            text = text.startsWith('\r\n') ? text.slice(2) : text;
        } else {
            if (text.length < Number(length ?? 0)) unfinished();
            text = text.slice(Number(length ?? 0));
        }
    }
    return found;
}

/** The frames of a stream of bytes of HTTP/2: [type, stream] each. */
function* frames_in(bytes) {
    for (let rest = bytes; rest.length >= 9; rest = rest.subarray(9 + rest.readUIntBE(0, 3))) yield [rest[3], rest.readUInt32BE(5)];
}

/** The streams that a client opens: the ids of its HEADERS frames, each once; 'reset …' those that either side has reset. */
export function cut_h2(bytes, back) {
    if (!bytes.subarray(0, PREFACE.length).equals(PREFACE)) return bytes.length < PREFACE.length ? [] : ['unreadable'];
    const sent = [...frames_in(bytes.subarray(PREFACE.length))], of = (list, type) => list.filter(([other]) => other === type).map(([, id]) => id);
    const reset = new Set([...of(sent, H2.RST), ...of([...frames_in(back)], H2.RST)]);
    return [...new Set(of(sent, H2.HEADERS))].map((id) => (reset.has(id) ? `reset ${id}` : id));
}
