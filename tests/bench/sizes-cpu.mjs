// Cost against size over sockets: microseconds of a core per KB of body, from 1 KB to 8 MB, sent and answered. Sockets, HTTP and the
// memory of the real thing are in it; sizes.mjs counts the rest without them. Usage: node tests/bench/sizes-cpu.mjs [--rounds 5] [--seconds 1]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bench, close, open, startDragoman } from './candidates.mjs';
import { loadOf } from './load.mjs';
import { keep, median, option } from './shared.mjs';
import { canonicalId, document, post, series } from './workloads.mjs';

const ALLOWED = 1.1; // of the least at any smaller size
const rounds = Number(option('rounds', 5));
const seconds = Number(option('seconds', 1));
const sizes = [1, 8, 64, 512, 1024, 8 * 1024]; // KB
const bytesPerPoint = 280;

const kinds = {
  sent: (kb) => {
    writeFileSync(join(bench.dir, `sent-${kb}.lua`), post('application/json', document(kb * 1024)));
    return { path: '/v1/patients', script: `sent-${kb}.lua`, bearer: true, connections: 4 };
  },
  answered: (kb) => {
    writeFileSync(join(bench.dir, 'series', `points-${kb}`), series(`points-${kb}`, Math.ceil(kb * 1024 / bytesPerPoint)));
    return { path: `/v1/patients/${canonicalId}/metrics/points-${kb}`, bearer: true, connections: 4 };
  },
};

function measure(what, pid) {
  const loads = sizes.map((kb) => kinds[what](kb));
  const perKb = sizes.map(() => []);
  for (let round = 0; round <= rounds; round++)
    for (const [i, load] of loads.entries()) {
      const { cpu: us } = loadOf(load, bench.ports.DRAGOMAN, pid, seconds);
      if (round) perKb[i].push(us / sizes[i]); // the first round warms up
    }
  const costs = perKb.map(median);
  const grown = sizes.filter((kb, i) => i > 0 && costs[i] > ALLOWED * Math.min(...costs.slice(0, i)));
  console.log(`body ${what}, µs of a core per KB: ${sizes.map((kb, i) => `${kb} KB: ${costs[i].toFixed(2)}`).join(', ')}; ${
    grown.length ? `grows at ${grown.join(', ')} KB` : 'does not grow'}`);
  return Object.fromEntries(sizes.map((kb, i) => [kb, Number(costs[i].toFixed(2))]));
}

try {
  await open([]);
  const pid = await startDragoman('DRAGOMAN', '0', ['limits.body_kb=16384', 'limits.json_elements=1000000', 'backend.body_kb=16384']);
  for (const what of Object.keys(kinds)) keep('sizes_cpu', { [`body ${what}, µs of a core per KB`]: measure(what, pid) });
  console.log(`\nmedians of ${rounds} rounds of ${seconds} s after one of warm-up`);
} finally {
  await close();
}
