// The rows that COPY gives, as INSERT statements.

// Bytes outside of ASCII stay as they are: in this encoding each is one character.
const encoding = 'latin1';
const lineEnd = 10;

/**
 * Turns rows in the text format of COPY (manual: COPY, "Text Format") into one INSERT statement each. They
 * need the setting `standard_conforming_strings`.
 * @param into `INSERT INTO public.users (id, name) `
 * @param columns the number of columns
 */
export async function* writeInserts(
  into: string,
  columns: number,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const head = Buffer.from(into).toString(encoding);
  const statement = (row: string) =>
    columns === 0
      ? `${head}DEFAULT VALUES;\n`
      : `${head}VALUES (${row.split('\t').map(formatValue).join(', ')});\n`;
  // The beginning of a row whose end is in a later piece.
  let open: Buffer[] = [];
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    const end = bytes.lastIndexOf(lineEnd);
    if (end < 0) {
      open.push(Buffer.from(bytes));
      continue;
    }
    const whole = Buffer.concat([...open, bytes.subarray(0, end)]).toString(encoding);
    open = [Buffer.from(bytes.subarray(end + 1))];
    for (const part of portionsOf(whole)) yield Buffer.from(part.map(statement).join(''), encoding);
  }
}

// Rows that become one piece of text.
const portion = 1000;

function* portionsOf(text: string): Generator<string[]> {
  const rows = text.split('\n');
  for (let at = 0; at < rows.length; at += portion) yield rows.slice(at, at + portion);
}

const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

// The server reads a text without a type by the input function of the column's type.
function formatValue(field: string): string {
  if (field === '\\N') return 'NULL';
  const plain = field.includes('\\')
    ? field.replace(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? escaped)
    : field;
  return `'${plain.replaceAll("'", "''")}'`;
}
