// Starts the real binary on free loopback ports with a state of its own, talks to it, and stops it by its pid. On stop
// its outputs are searched for what must never be in them.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkShape } from './shapes.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
// libh2o keeps free lists per thread, which a leak checker takes for leaks at the end.
export const environment = { ...process.env, LSAN_OPTIONS: `suppressions=${join(root, 'tests/e2e/lsan.supp')}:print_suppressions=0` };
export const binary = resolve(root, process.env.DRAGOMAN_BIN ?? 'build/release/dragoman');
if (!existsSync(binary)) throw new Error(`there is no program ${binary}: run ./dev build, or set DRAGOMAN_BIN`);
export const transport = process.env.DRAGOMAN_TRANSPORT ?? 'h1';
export const sanitized = /asan|tsan/.test(binary); // several times slower: loads are smaller, waits longer
export const ACME = '58c4554710123c5c40dbab81';
export const GLOBEX = '58c88de7c93eb96357a87033';
export const ANY = null; // in the place of a status: whatever it is
export { sleep };

export const document = (name) => readFileSync(join(root, 'tests/e2e/documents', name), 'utf8');

// Values of the documents and of `person()`: no log, metric or error line may hold one.
const privateValues = ['2010-05-15', '555-123-4567', '123 Main St', 'Feeling better', 'Qanary', 'qanary'];
const findings = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehavior|runtime error:|Assertion .* failed/;

let people = 0;
/** A patient nobody else is, in General's words. */
export function person(more = {}) {
    const n = `${process.pid}x${++people}`;
    return { first_name: 'Qanary', last_name: `Bird${n}`, date_of_birth: '1984-02-29', email: `qanary.${n}@example.com`, ...more };
}

const listens = (port) => new Promise((done) => {
    const server = net.createServer().once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
});

/** Below those that the kernel gives to whoever asks for any: until one is used here, no other process gets it by chance. */
export async function freePorts(count) {
    const ports = new Set();
    while (ports.size < count) {
        const port = randomInt(10000, 32768);
        if (await listens(port)) ports.add(port);
    }
    return [...ports];
}

/** One HTTP/1.1 exchange, nothing added that the caller did not ask for. */
export function request(port, method, path, { headers = {}, body, agent, timeout = 30000 } = {}) {
    return new Promise((done, fail) => {
        const outgoing = http.request({ host: '127.0.0.1', port, method, path, headers, agent, timeout }, (incoming) => {
            const chunks = [];
            incoming.on('data', (chunk) => chunks.push(chunk));
            incoming.on('error', fail);
            incoming.on('end', () => done(answer(method, path, incoming.statusCode, incoming.headers, Buffer.concat(chunks))));
        });
        outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within ${timeout} ms`)));
        outgoing.on('error', fail);
        outgoing.end(body);
    });
}

export function answer(method, path, status, headers, bytes) {
    const text = bytes.toString('utf8');
    return { method, path, status, headers, text, get json() { return JSON.parse(text); } };
}

/** The lines of a file that is being written to: what is read while a write is under way may end in the midst of a line. */
export const endedLines = (text) => text.split('\n').slice(0, -1).filter(Boolean);

export class Gateway {
    constructor(options) {
        this.options = options;
        this.ownsState = !options.stateDir;
        this.stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'dragoman-e2e-'));
        this.outputDir = mkdtempSync(join(tmpdir(), 'dragoman-out-'));
        this.secrets = new Set(privateValues);
        this.config = resolve(root, options.config ?? 'conf/dragoman.yaml');
        this.runs = 0;
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 512 });
    }

    /** Settings given on the command line; `ports` are chosen once, so that a restart keeps its address. */
    settings(more = {}) {
        const all = {
            listen: `127.0.0.1:${this.port}`,
            'admin.listen': `127.0.0.1:${this.adminPort}`,
            'backend.listen': `127.0.0.1:${this.backendPort}`,
            state_dir: this.stateDir,
            workers: '2',
            'backend.transport': transport,
            ...this.options.set,
            ...more,
        };
        return Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : ['--set', `${key}=${value}`]));
    }

    /** A subcommand with this gateway's configuration; throws with its stderr when it fails. */
    cli(...args) {
        return execFileSync(binary, [...args, '-c', this.config, ...this.settings()],
            { cwd: root, encoding: 'utf8', timeout: 60000 });
    }

    async cliAsync(...args) {
        return (await promisify(execFile)(binary, [...args, '-c', this.config, ...this.settings()], { cwd: root })).stdout;
    }

    token(dialect, options = {}) {
        const args = ['token', '--dialect', dialect];
        for (const [name, value] of Object.entries(options))
            for (const one of [value].flat()) args.push(`--${name}`, String(one));
        const token = this.cli(...args).trim();
        assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/, 'dragoman token prints one JWT');
        this.secrets.add(token);
        return token;
    }

    client(dialect, options = {}) {
        return new Client(this, dialect, options.token ?? this.token(dialect, options));
    }

    async start() {
        for (let attempt = 0; ; attempt++) {
            if (!this.port || attempt) [this.port, this.adminPort, this.backendPort] = await freePorts(3);
            if (!this.seeded && this.options.seed !== false) {
                execFileSync(binary, ['seed', '--patients', String(this.options.patients ?? 20), '-c', this.config,
                    ...this.settings({ 'backend.url': '' })], { cwd: root, timeout: 60000 });
                this.seeded = true;
            }
            try {
                await this.launch();
                return this;
            } catch (error) {
                if (attempt === 2 || !/in use/i.test(error.message)) throw error;
            }
        }
    }

    async launch() {
        const [out, err] = ['stdout', 'stderr'].map((name) => openSync(join(this.outputDir, `${name}.${this.runs}`), 'a'));
        this.runs++;
        const [command, ...args] = [...this.options.under?.(this) ?? [], binary, 'serve', '-c', this.config, ...this.settings()];
        this.process = spawn(command, args,
            { cwd: root, stdio: ['ignore', out, err], env: environment });
        const child = this.process;
        child.unref(); // a test that fails before it stops its gateway ends all the same
        const last = () => child.kill('SIGKILL');
        process.once('exit', last);
        child.once('exit', () => process.off('exit', last));
        closeSync(out);
        closeSync(err);
        this.ended = new Promise((done) => this.process.on('exit', (code, signal) => done({ code, signal })));
        const probe = this.options.ready ?? '/readyz';
        for (let waited = 0; waited < (sanitized ? 60000 : 20000); waited += 20) {
            const gone = await Promise.race([this.ended, sleep(20)]);
            if (gone) throw new Error(`serve ended with ${JSON.stringify(gone)}: ${this.output('stderr')}`);
            const status = await request(this.adminPort, 'GET', probe).then((a) => a.status, () => 0);
            if (status === 200) return;
        }
        this.process.kill('SIGKILL');
        throw new Error(`not ready: ${this.output('stderr')}`);
    }

    output(name) {
        let all = '';
        for (let run = 0; run < this.runs; run++) all += readFileSync(join(this.outputDir, `${name}.${run}`), 'utf8');
        return all;
    }

    admin(path) { return request(this.adminPort, 'GET', path); }

    /** The value of one Prometheus sample, summed over the label sets that contain `labels`. */
    async metric(name, labels = {}) {
        const { text } = await this.admin('/metrics');
        let sum = 0;
        for (const line of text.split('\n')) {
            const [, sample, set = '', value] = /^([a-z_:]+)(\{.*\})? (\S+)$/.exec(line) ?? [];
            if (sample === name && Object.entries(labels).every(([k, v]) => set.includes(`${k}="${v}"`))) sum += Number(value);
        }
        return sum;
    }

    accessLog() { return endedLines(this.output('stdout')).map((line) => JSON.parse(line)); }

    async kill9() {
        this.process.ref();
        this.process.kill('SIGKILL');
        await this.ended;
        this.process = undefined;
    }

    /** SIGTERM, exit 0, and nothing private in anything it wrote. */
    async stop() {
        const metrics = this.process && await this.admin('/metrics').then((a) => a.text, () => '');
        if (this.process) {
            this.process.kill('SIGTERM');
            const timer = setTimeout(() => this.process.kill('SIGABRT'), 30000);
            const end = await this.ended;
            clearTimeout(timer);
            this.process = undefined;
            assert.deepEqual(end, { code: 0, signal: null }, `after SIGTERM; stderr: ${this.output('stderr').slice(-4000)}`);
        }
        this.agent.destroy();
        const written = { stdout: this.output('stdout'), stderr: this.output('stderr'), metrics: metrics ?? '' };
        assert.doesNotMatch(written.stderr, findings, written.stderr.slice(0, 8000));
        for (const [where, text] of Object.entries(written))
            for (const secret of this.secrets)
                assert.ok(!text.includes(secret), `${where} holds the private value ${secret.slice(0, 24)}`);
        rmSync(this.outputDir, { recursive: true, force: true });
        if (this.ownsState) rmSync(this.stateDir, { recursive: true, force: true });
    }
}

/**
 * A seeded, running gateway. `set`: settings; `seed: false`; `stateDir`: keep the state; `ready`: what to poll; `under(gateway)`: the
 * command that starts it, which ends as it does.
 */
export async function startGateway(options = {}) {
    return new Gateway({ ...options }).start();
}

/** A client of one dialect. Every answer's shape is checked unless `judged` is false, and its status when one is named. */
export class Client {
    constructor(gateway, dialect, token, port = undefined) {
        Object.assign(this, { gateway, dialect, token, ownPort: port, judged: true });
    }

    headers(more = {}) {
        const carrier = this.dialect === 'general' ? { 'x-user-token': this.token } : { authorization: `Bearer ${this.token}` };
        return { ...(this.token === undefined ? {} : carrier), ...more };
    }

    async call(method, path, { body, status, headers = {} } = {}) {
        const typed = body === undefined ? {} : { 'content-type': this.dialect === 'twine' ? 'application/vnd.api+json' : 'application/json' };
        const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
        const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
        const got = await request(this.ownPort ?? this.gateway.port, method, path,
            { headers: this.headers({ ...typed, ...length, ...headers }), body: text, agent: this.gateway.agent });
        if (status != null)
            assert.equal(got.status, status, `${this.dialect}: ${method} ${path}\n> ${String(text ?? '').slice(0, 1500)}\n< ${got.status} ${got.text.slice(0, 1500)}`);
        if (this.judged) checkShape(this.dialect, got);
        return got;
    }

    get(path, status = 200, headers) { return this.call('GET', path, { status, headers }); }
    post(path, body, status = 201, headers) { return this.call('POST', path, { body, status, headers }); }
    put(path, body, status = 200, headers) { return this.call('PUT', path, { body, status, headers }); }
    patch(path, body, status = 200, headers) { return this.call('PATCH', path, { body, status, headers }); }
    delete(path, status = 200, headers) { return this.call('DELETE', path, { status, headers }); }
}

/** The three clients of brand acme. */
export function clients(gateway, options = {}) {
    return {
        general: gateway.client('general', options),
        twine: gateway.client('twine', options),
        graph: gateway.client('patient-graph', options),
    };
}

/** Walks a Twine list; the first resource that fits. */
export async function twineFind(twine, path, fits) {
    for (let page = 1; ; page++) {
        const { json } = await twine.get(`${path}&page[number]=${page}&page[size]=50`);
        const found = json.data.find(fits);
        if (found || json.data.length < 50) return found;
    }
}

/** Walks patient-graph's list of patients; the first that fits. */
export async function graphFind(graph, fits, brand = 'acme') {
    for (let offset = 0; ; offset += 200) {
        const { json } = await graph.get(`/v1/patients?brand_id=${brand}&limit=200&offset=${offset}`);
        const found = json.patients.find(fits);
        if (found || json.patients.length < 200) return found;
    }
}

/** General's documented create with another e-mail address (the documented one is none: it has a space that does not break). */
export function withEmail(email) {
    const body = JSON.parse(document('general-create.json'));
    body.patient.email = email;
    return body;
}

/** The same patient's ids in the three dialects, found by its e-mail address. */
export async function idsOf(all, email) {
    const general = (await all.general.get(`/v1/patients?search=${encodeURIComponent(email)}`)).json.patients;
    assert.equal(general.length, 1, `General finds ${email} once`);
    const twine = await twineFind(all.twine, `/pub/patient?filter[organization]=${ACME}`, (p) => p.attributes.email_address === email);
    const graph = await graphFind(all.graph, (p) => p.email === email);
    return { general: general[0].id, twine: twine.id, graph: graph.id };
}

/**
 * A backend that misbehaves. `script(socket, head)` runs for each request head; what it does not answer hangs. `port` is free.
 */
export async function startBadBackend(script) {
    const sockets = new Set();
    const heads = [];
    const server = net.createServer((socket) => {
        sockets.add(socket.unref());
        let head = '';
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
        socket.on('data', (chunk) => {
            head += chunk.toString('latin1');
            const end = head.indexOf('\r\n\r\n');
            if (end < 0) return;
            const [, length = 0] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
            if (head.length < end + 4 + Number(length)) return;
            const whole = head;
            head = '';
            heads.push(whole);
            script(socket, whole);
        });
    });
    server.unref(); // a test that failed before stop() shall end
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return {
        port: server.address().port, heads,
        set script(next) { script = next; },
        stop: () => new Promise((done) => { sockets.forEach((s) => s.destroy()); server.close(done); }),
    };
}
