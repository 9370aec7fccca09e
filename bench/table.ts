/** Columns on a screen: names to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join('  ');
  say(['', line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'));
}

export function short(value: number | undefined): string {
  if (value === undefined) return '';
  return Math.abs(value) >= 1_000 ? Math.round(value).toString() : value.toFixed(Math.abs(value) >= 100 ? 0 : 2);
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
