// Writes what build/bench.json has into docs/performance.md, between its two marks: tables, and each aim as met or not met.
// Usage: node tests/bench/report.mjs; a part that was not run is said to be missing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { results } from './shared.mjs';
import { root } from './workloads.mjs';

const file = join(root, 'docs/performance.md');
const BEGIN = '<!-- written by ./dev bench report: begin -->';
const END = '<!-- written by ./dev bench report: end -->';
const all = results();

const grouped = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
const digits = (count) => (value) => (value === undefined ? '' : value.toFixed(count));
const table = (heads, rows) => [`| ${heads.join(' | ')} |`, `|${'---|'.repeat(heads.length)}`, ...rows.map((row) => `| ${row.join(' | ')} |`), ''];
// What a part said, by name, without when and where.
const said = (part) => Object.entries(all[part] ?? {}).filter(([name]) => !['at', 'cores'].includes(name));
const when = (part, command) => [`\`./dev bench ${command}\`, ${all[part].at.slice(0, 10)}, ${all[part].cores} cores:`, ''];
const range = (values) => `${digits(2)(Math.min(...values))} to ${digits(2)(Math.max(...values))}`;

const sections = {
  rates() {
    const others = ['nginx', 'HAProxy', 'nginx + Lua', 'Node'];
    const [, { rounds, seconds }] = said('rates')[0];
    return [...when('rates', `--all --rounds ${rounds} --seconds ${seconds}`), ...table(['', 'Dragoman', ...others.map((name) => `/ ${name}`)],
      said('rates').map(([name, row]) => [name, `${grouped(row.requests_per_second.dragoman)} /s`, ...others.map((other) => digits(2)(row.ratio[other]))]))];
  },
  latency: () => [...when('latency', 'latency'), ...table(['', 'requests/s', 'p50', 'p99', 'p99.9'], said('latency').flatMap(([name, row]) =>
    ['dragoman', 'nginx'].map((who) => [`${name} ${who}`, grouped(row[who].rate), `${grouped(row[who].p50)} µs`,
      `${grouped(row[who].p99)} µs (${grouped(Math.min(...row[who].p99s))} to ${grouped(Math.max(...row[who].p99s))})`, `${grouped(row[who].p999)} µs`])))],
  floor: () => [...when('floor', 'floor'), ...table(['', 'requests/s', '/ nginx', '/ nginx + Lua'], said('floor').flatMap(([name, row]) =>
    Object.entries(row).map(([who, { rate, nginx, lua }]) => [`${name} ${who}`, grouped(rate), digits(2)(nginx), digits(2)(lua)])))],
  sizes: () => [...when('sizes', 'sizes'), ...table(['', 'from small to large'], [...said('sizes'), ...said('sizes_cpu')].map(([name, costs]) =>
    [name, Object.entries(costs).map(([size, cost]) => `${grouped(size)}: ${cost < 100 ? cost : grouped(cost)}`).join(', ')]))],
  workers: () => [...when('workers', 'workers'), ...table(['', 'one worker', 'two', 'ratio', 'futex calls per 1,000 requests, one and two'],
    said('workers').map(([name, row]) => [name, `${digits(1)(row.one_us)} µs`, `${digits(1)(row.two_us)} µs`, digits(2)(row.ratio),
      row.futex_per_1000 ? `${digits(2)(row.futex_per_1000.one)}, ${digits(2)(row.futex_per_1000.two)}` : 'not counted']))],
  cost: () => [...when('cost', 'cost'), ...table(['', ''], said('cost').map(([name, value]) => [name, digits(1)(value)]))],
  single: () => [...when('single', 'single'), ...table(['', 'µs'], said('single').map(([name, us]) => [name, digits(2)(us)]))],
  tokens: () => [...when('tokens', 'tokens'), ...table(['', 'the first time', 'again'],
    said('tokens').map(([name, row]) => [name, `${digits(1)(row.first_us)} µs`, `${digits(2)(row.again_us)} µs`]))],
  attack: () => [...when('attack', 'attack'), ...table(['attack', 'p99', 'quiet', 'ratio'],
    said('attack').map(([name, row]) => [name, `${grouped(row.p99_us)} µs`, `${grouped(row.quiet_us)} µs`, digits(2)(row.ratio)]))],
  steady: () => [...when('steady', 'steady'), ...table(['', 'mallocs per request', 'locks taken per request'],
    said('steady').map(([name, row]) => [name, digits(2)(row.mallocs), digits(2)(row.locks)]))],
  instructions: () => [`\`./dev bench --instructions\`, ${all.instructions.compiler}:`, '',
    ...table(['', 'instructions per request'], Object.entries(all.instructions.counts).map(([name, count]) => [name, grouped(count)]))],
};

const ratio = (workload, other) => all.rates?.[workload]?.ratio?.[other];
const least = (aim, ...values) => [values.every((value) => value >= aim), values];
const most = (aim, ...values) => [values.every((value) => value <= aim), values];
const workloads = ['W1', 'W2', 'W2p', 'W3', 'W4', 'W5', 'W6'];
const costs = (what) => Object.entries(all.cost ?? {}).filter(([name]) => name.endsWith(`${what}, KiB each`)).map(([, value]) => value);
const grown = (part) => said(part)
  .map(([, of]) => Math.max(...Object.values(of).map((cost, i, list) => (i ? cost / Math.min(...list.slice(0, i)) : 0))));

// What is aimed at: [the aim, the part it is read from, () => [whether met, the values]].
const aims = [
  ['W1 at 0.85 x nginx', 'rates', () => least(0.85, ratio('W1', 'nginx'))],
  ['W1 at 1.3 x nginx + Lua', 'rates', () => least(1.3, ratio('W1', 'nginx + Lua'))],
  ['W2, each id durable, at 1.0 x nginx + Lua, which stores nothing', 'rates', () => least(1, ratio('W2', 'nginx + Lua'))],
  ['W2p at 0.85 x nginx and 1.3 x nginx + Lua', 'rates', () => [ratio('W2p', 'nginx') >= 0.85 && ratio('W2p', 'nginx + Lua') >= 1.3,
    [ratio('W2p', 'nginx'), ratio('W2p', 'nginx + Lua')]]],
  ['W3 at 1.5 x nginx + Lua', 'rates', () => least(1.5, ratio('W3', 'nginx + Lua'))],
  ['W4 ahead of nginx + Lua', 'rates', () => least(1, ratio('W4', 'nginx + Lua'))],
  ['W5 at 0.85 x nginx', 'rates', () => least(0.85, ratio('W5', 'nginx'))],
  ['W5 at 1.3 x nginx + Lua', 'rates', () => least(1.3, ratio('W5', 'nginx + Lua'))],
  ['W6 ahead of nginx + Lua', 'rates', () => least(1, ratio('W6', 'nginx + Lua'))],
  ...workloads.map((name) => [`${name} at 3 x Node`, 'rates', () => least(3, ratio(name, 'Node'))]),
  ["p99 at half of the capacity within 1.5 x nginx's (W1, W3)", 'latency', () => most(1.5, ...said('latency').map(([, row]) => row.ratio))],
  ['idle connections in plain text at 4 KiB each', 'cost', () => most(4, ...costs('plain, idle'))],
  ['half a head sent at 8 KiB each', 'cost', () => most(8, ...costs('half a head sent'))],
  ['idle connections under TLS at 20 KiB each', 'cost', () => most(20, ...costs('TLS, idle'))],
  ['start-up within 100 ms', 'cost', () => most(100, all.cost['start-up, ms'])],
  ['instructions per item and byte do not grow with the size (largest / least before)', 'sizes', () => most(1.1, ...grown('sizes'))],
  ['time per byte over sockets does not grow, 1 KB to 8 MB (sent, answered)', 'sizes_cpu', () => most(1.1, ...grown('sizes_cpu'))],
  ["two workers' CPU time per request within 1.1 x one's (W1, W3)", 'workers', () => most(1.1, ...said('workers').map(([, row]) => row.ratio))],
  ["no malloc per request but the store's for a write (W1, W3, W5)", 'steady', () => most(0, ...['W1', 'W3', 'W5'].map((name) => all.steady[name].mallocs))],
  ['a crosswalk hit under 1 µs', 'single', () => most(1, ...said('single').filter(([name]) => name.startsWith('crosswalk hit')).map(([, us]) => us))],
  ['a known token under 1 µs, a new one (RS256) within 60 µs', 'tokens', () => [all.tokens.RS256.again_us < 1 && all.tokens.RS256.first_us <= 60,
    [all.tokens.RS256.again_us, all.tokens.RS256.first_us]]],
  ['p99 within 3 x the quiet one beside an attacker', 'attack', () => most(3, ...said('attack').map(([, row]) => row.ratio))],
];

function judged([aim, part, of]) {
  if (!said(part).length) return [aim, 'not measured'];
  const [met, values] = of();
  if (values.some((value) => value === undefined)) return [aim, 'not measured'];
  return [aim, `${met ? 'met' : 'not met'}: ${values.length > 3 ? range(values) : values.map(digits(2)).join(', ')}`];
}

const lines = Object.entries(sections).flatMap(([part, section]) => (said(part).length ? section() : [`\`${part}\`: not measured.`, '']));
const text = [BEGIN, '', ...table(['aim', 'result'], aims.map(judged)), ...lines, END].join('\n');
const [before, rest] = readFileSync(file, 'utf8').split(BEGIN);
if (rest === undefined || !rest.includes(END)) throw new Error(`${file}: the marks are missing`);
writeFileSync(file, `${before}${text}${rest.split(END)[1]}`);
console.log(`${file} is written`);
