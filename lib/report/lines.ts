// The difference of two texts, line by line, as `diff -u` shows it: by their longest common subsequence.

/** One line: kept, taken out or put in. */
export interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

// Texts that differ in more lines than this squared are shown as wholly exchanged.
const limit = 2000;

/** Every line of both texts, with the fewest changes. */
export function diffLines(before: string, after: string): Line[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const kept = (lines: readonly string[]) => lines.map((text): Line => ({ sign: ' ', text }));
  return [
    ...kept(a.slice(0, start)),
    ...between(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...kept(a.slice(a.length - end)),
  ];
}

function between(a: readonly string[], b: readonly string[]): Line[] {
  const width = b.length + 1;
  const small = a.length * b.length <= limit * limit;
  // common[i, j]: how many lines a from i and b from j have in common.
  const common = new Uint32Array(small ? (a.length + 1) * width : 0);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  if (small)
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (small && i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: ' ', text: a[i++] as string });
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1)))
      lines.push({ sign: '-', text: a[i++] as string });
    else lines.push({ sign: '+', text: b[j++] as string });
  }
  return lines;
}

/** The changed lines with some unchanged lines around them; a line `@@` marks omitted lines. */
export function formatUnified(before: string, after: string, context = 2): string[] {
  const lines = diffLines(before, after);
  const near = lines.map((_, index) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some(({ sign }) => sign !== ' '),
  );
  const shown: string[] = [];
  let last = -1;
  let line = 1;
  lines.forEach(({ sign, text }, index) => {
    if (near[index]) {
      if (last !== index - 1) shown.push(`@@ line ${line} @@`);
      shown.push(`${sign}${text}`);
      last = index;
    }
    if (sign !== '+') line++;
  });
  return shown;
}
