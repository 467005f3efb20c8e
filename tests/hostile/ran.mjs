// ran.mjs TAP: the table of docs/security.md is whole, and what it names has run and passed.
import { readFileSync } from 'node:fs';

const NOT_THERE = [51, 54]; // docs/security.md, "Not there yet"
const LAST = 57;

const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
const outcomes = new Map();
for (const [, not, name, directive] of readFileSync(process.argv[2], 'utf8').matchAll(/^ *(not )?ok \d+ - (s\d\d_[^#\n]*?)(?: # (.*))?$/gm))
    outcomes.set(name, [...(outcomes.get(name) ?? []), not ? 'failed' : directive ? directive : 'passed']);

const faults = [], rows = new Map();
for (const [, statements, tests] of page.matchAll(/^\| ((?:S\d+,? ?)+)\|.*\|([^|]*)\|$/gm))
    for (const [, number] of statements.matchAll(/S(\d+)/g)) rows.set(Number(number), [...tests.matchAll(/`(s\d\d_\w+)`/g)].map(([, name]) => name));
for (let number = 1; number <= LAST; number++) {
    if (NOT_THERE.includes(number)) continue;
    const names = rows.get(number);
    if (!names) faults.push(`S${number} has no row`);
    else if (!names.some((name) => name.includes(`s${String(number).padStart(2, '0')}_`))) faults.push(`S${number} has no test of its number`);
}
for (const name of new Set([...rows.values()].flat())) {
    const found = [...outcomes].filter(([ran]) => ran === name || ran.startsWith(`${name}:`)).flatMap(([, states]) => states);
    if (!found.length) faults.push(`${name} did not run`);
    for (const state of found) if (state !== 'passed') faults.push(`${name}: ${state}`);
}
for (const [ran] of outcomes) if (![...rows.values()].flat().some((name) => ran === name || ran.startsWith(`${name}:`))) faults.push(`${ran} is in no row`);
for (const fault of faults) console.log(`not ok ${fault}`);
console.log(`# the table of docs/security.md: ${rows.size} statements, ${outcomes.size} tests, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
