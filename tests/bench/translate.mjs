// How fast `dragoman translate` is: JSON:API patients to flat ones, on one core. Prints, gates nothing.
// ./dev bench translate [MEGABYTES]
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const binary = resolve(root, process.env.DRAGOMAN_BIN ?? 'build/release/dragoman');
const megabytes = Number(process.argv[2] ?? 200);
const runs = 5;

const patient = (n) => {
    const id = n.toString(16).padStart(24, '0');
    return {
        type: 'patient', id,
        attributes: {
            first_name: ['Andrew', 'Mar\u00eda', 'Li'][n % 3], last_name: `Smith${n}`, email_address: `p${n}@example.com`,
            phone_numbers: [{ type: 'home', value: `555-${n % 10000}`, primary: true }, { type: 'work', value: '555-9999', primary: false }],
            addresses: [{ lines: ['123 Main St', `Apt ${n}`], city: 'Anytown', state: 'CA', postal_code: '12345' }],
            identifiers: [{ system: 'MyEHR', value: String(n) }],
            birth_date: '1980-05-15', gender: 'female', archived: false,
            created_at: '2023-10-27T14:30:00.000Z', updated_at: '2023-10-27T14:30:00.000Z',
        },
        relationships: { groups: { data: [], links: { related: `/pub/patient/${id}/groups` } } },
        links: { self: `/pub/patient/${id}` },
    };
};

function generate(file) {
    const fd = openSync(file, 'w');
    for (let n = 0, bytes = 0; bytes < megabytes * 1e6;) {
        const piece = Array.from({ length: 5000 }, () => JSON.stringify(patient(n++))).join('\n') + '\n';
        bytes += writeSync(fd, piece);
    }
    closeSync(fd);
    return statSync(file).size;
}

function measure(file) {
    const input = openSync(file, 'r'), started = performance.now();
    const done = spawnSync(binary, ['translate', '--from', 'twine', '--to', 'general', '--resource', 'patient', '-c',
        join(root, 'conf/dragoman.yaml'), '--set', 'state_dir=/nonexistent'], { cwd: root, stdio: [input, 'ignore', 'pipe'] });
    const elapsed = (performance.now() - started) / 1000;
    closeSync(input);
    if (done.status !== 0) throw done.error ?? new Error(done.stderr.toString());
    return elapsed;
}

const dir = mkdtempSync(join(tmpdir(), 'dragoman-bench-'));
try {
    const file = join(dir, 'patients.ndjson'), bytes = generate(file);
    const seconds = Array.from({ length: runs }, () => measure(file)).sort((a, b) => a - b);
    const rate = (s) => (bytes / 1e6 / s).toFixed(0);
    console.log(`translate: ${(bytes / 1e6).toFixed(0)} MB of patients, ${runs} runs: best ${rate(seconds[0])} MB/s, ` +
        `median ${rate(seconds[runs >> 1])} MB/s, worst ${rate(seconds[runs - 1])} MB/s`);
} finally {
    rmSync(dir, { recursive: true, force: true });
}
