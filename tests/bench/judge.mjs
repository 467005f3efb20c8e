// Whether counts have grown since they were recorded.
export const ALLOWED = 1.1;

// `rows`: each count with a text about it; `lines`: what a test says, ending in how many passed and failed. What was recorded and is
// not counted any more fails, and so does what is counted and was not recorded; a compiler without a record judges nothing.
export function judge(compiler, counts, recorded) {
  const before = recorded[compiler];
  const ratio = (name) => counts[name] / before[name];
  const rows = Object.keys(counts).map((name) => ({ name,
    text: before?.[name] ? `${ratio(name).toFixed(3)} x the recorded ${before[name]}` : `not recorded for ${compiler}` }));
  if (!before) {
    return { rows, failed: 0, lines: [
      `skipped: no instructions are recorded for ${compiler}. To have them judged, add to tests/bench/instructions.json:`,
      `skipped:   ${JSON.stringify(compiler)}: ${JSON.stringify(counts)}`] };
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(counts)])];
  const faults = names.flatMap((name) => {
    if (!(name in counts)) return [`not ok ${name}: recorded, but not counted`];
    if (!(name in before)) return [`not ok ${name}: counted, but not recorded; ./dev bench --instructions --record`];
    return ratio(name) > ALLOWED ? [`not ok ${name}: ${counts[name]} is ${ratio(name).toFixed(3)} x the recorded ${before[name]}`] : [];
  });
  return { rows, failed: faults.length, lines: [...faults, `${names.length - faults.length} passed, ${faults.length} failed`] };
}
