// The text of a migration: a header of comments, the way up, the way down. The law of it is
// docs/reference/migration-format.md.
import { createHash } from 'node:crypto';
import { Problem } from '../problem/problem.ts';
import { holdsForeignDown, holdsMarker, splitParts } from './parts.ts';

/**
 * The stamp of a way down: how much of the data and schema it restores. It is verified in the shadow first.
 */
export type Down =
  | { readonly is: 'exact' }
  | { readonly is: 'lossy'; readonly what: string }
  | { readonly is: 'impossible'; readonly why: string };

/** The ways that run in one transaction; the others run statement by statement. */
export type Transaction = 'both' | 'up' | 'down' | 'none';

/** The header of a sealed migration. */
export interface Header {
  /** Fingerprint of the schema that it starts from. */
  readonly from: string;
  /** Fingerprint of the schema that it ends at. */
  readonly to: string;
  /** The reader of the fingerprints: only fingerprints of the same reader compare. */
  readonly reader: string;
  /** Checksum of the migration before it; null: it is the first. */
  readonly after: string | null;
  readonly down: Down;
}

/** A migration, apart from its place in a file. */
export interface Migration {
  /** The file's name without `.sql`. */
  readonly name: string;
  /** null: a draft, which nothing is known of yet. */
  readonly header: Header | null;
  readonly transaction: Transaction;
  readonly up: string;
  /** null: there is no way back. */
  readonly down: string | null;
}

/** A migration as its file has it. */
export interface ParsedMigration extends Migration {
  /** The checksum that the header states. */
  readonly stated: string | null;
  /** The checksum that the text has. */
  readonly checksum: string;
}

const key = /^-- (Migration|From|To|Reader|After|Down|Transaction|Checksum):[ \t]*(.*?)[ \t]*$/;
const transactions: readonly Transaction[] = ['both', 'up', 'down', 'none'];

/**
 * The text of a migration: parsing it gives the same migration again, with tidy parts.
 * @throws Problem `bad_migration` where its SQL holds a line that would be taken for a marker
 */
export function renderMigration(migration: Migration): string {
  const { name, header, transaction } = migration;
  const up = trimmed(migration.up);
  const down = migration.down === null ? null : trimmed(migration.down);
  if (holdsMarker(up) || (down !== null && holdsMarker(down)))
    throw new Problem('bad_migration', {
      file: `${name}.sql`,
      reason: "its SQL has a line '-- up migration' or '-- down migration', which is reserved as a marker",
    });
  const lines = [
    ...(header === null ? [] : headerLines(name, header)),
    ...(header === null && transaction === 'both' ? [] : [`-- Transaction: ${transaction}`]),
  ];
  const body = [
    `-- Up Migration\n${up === '' ? '' : `\n${up}\n`}`,
    ...(down === null ? [] : [`-- Down Migration\n${down === '' ? '' : `\n${down}\n`}`]),
  ].join('\n');
  const whole = (all: readonly string[]) => (all.length === 0 ? body : `${all.join('\n')}\n\n${body}`);
  return header === null ? whole(lines) : whole([...lines, `-- Checksum: ${computeChecksum(whole(lines))}`]);
}

/**
 * Reads a migration's text.
 * @param name the file's name without `.sql`
 * @throws Problem `bad_migration` for a header that was not written by {@link renderMigration}, a lone Down
 * marker, or a way back in the form of another tool
 */
export function parseMigration(name: string, text: string): ParsedMigration {
  const clean = normal(text);
  const parts = splitParts(clean);
  const bad = (reason: string) => new Problem('bad_migration', { file: `${name}.sql`, reason });
  if (parts.misleading) throw bad('it has a Down marker but no Up marker, so both ways would run at once');
  if (parts.head === 0 && parts.up.start === 0 && holdsForeignDown(name, clean))
    throw bad('it has a way back in the form of another tool, which would run on the way up');
  const fields = new Map<string, string>();
  for (const line of clean.slice(0, parts.head).split('\n')) {
    const [, field, value] = key.exec(line) ?? [];
    if (field !== undefined && value !== undefined) fields.set(field, value);
  }
  const transaction = (fields.get('Transaction') ?? 'both') as Transaction;
  if (!transactions.includes(transaction)) throw bad(`Transaction is not one of ${transactions.join(', ')}`);
  const stated = fields.get('Checksum') ?? null;
  return {
    // A draft has no name of its own; a sealed one keeps that under which it was sealed.
    name: stated === null ? name : (fields.get('Migration') ?? name),
    header: stated === null ? null : headerOf(fields, bad),
    transaction,
    up: trimSql(clean.slice(parts.up.start, parts.up.end)),
    down: parts.down === null ? null : trimSql(clean.slice(parts.down.start, parts.down.end)),
    stated,
    checksum: computeChecksum(text),
  };
}

/**
 * Checksum of a text but for its own line; line ends, blanks at ends of lines and a byte order mark do not
 * change it.
 */
export function computeChecksum(text: string): string {
  const lines = normal(text).split('\n');
  const marker = splitParts(normal(text)).head;
  let at = 0;
  const counted = lines.filter((line) => {
    const inHeader = at < marker;
    at += line.length + 1;
    return !(inHeader && line.startsWith('-- Checksum:'));
  });
  return createHash('sha256').update(counted.join('\n')).digest('hex');
}

/**
 * A sealed text that was edited, sealed as it is.
 * @param after checksum of the migration before it
 */
export function reseal(text: string, after: string | null): string {
  const { head } = splitParts(text);
  const header = text.slice(0, head).replace(/^-- After:.*$/m, `-- After: ${after ?? 'nothing'}`);
  const whole = header + text.slice(head);
  return header.replace(/^-- Checksum:.*$/m, `-- Checksum: ${computeChecksum(whole)}`) + text.slice(head);
}

/** A part as it is kept: without blank lines around it, and without lone dashes before the next marker. */
export function trimSql(sql: string): string {
  return trimmed(normal(sql));
}

// Inner whitespace stays, because it may be part of a function's body.
function trimmed(sql: string): string {
  return sql.replace(/(^|[\n\u2028\u2029])[\s-]*$/, '').replace(/^\s*\n/, '');
}

/** A text on one line, as headers need it. */
export function toOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function normal(text: string): string {
  return text
    .replace(/^\ufeff+/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n+$/, '');
}

function headerLines(name: string, { from, to, reader, after, down }: Header): string[] {
  const more = down.is === 'lossy' ? ` (${down.what})` : down.is === 'impossible' ? ` (${down.why})` : '';
  return [
    `-- Migration: ${name}`,
    `-- From: ${from}`,
    `-- To: ${to}`,
    `-- Reader: ${toOneLine(reader)}`,
    `-- After: ${after ?? 'nothing'}`,
    `-- Down: ${down.is}${toOneLine(more) === '' ? '' : ` ${toOneLine(more)}`}`,
  ];
}

function headerOf(fields: ReadonlyMap<string, string>, bad: (reason: string) => Problem): Header {
  const field = (name: string) => {
    const value = fields.get(name);
    if (value === undefined || value === '') throw bad(`its header has no ${name}`);
    return value;
  };
  const [, is, more = ''] = /^(exact|lossy|impossible)(?: \((.*)\))?$/.exec(field('Down')) ?? [];
  if (is === undefined) throw bad('Down is not one of exact, lossy, impossible');
  const after = field('After');
  const down: Down =
    is === 'exact' ? { is } : is === 'lossy' ? { is, what: more } : { is: 'impossible', why: more };
  field('Migration');
  return {
    from: field('From'),
    to: field('To'),
    reader: field('Reader'),
    after: after === 'nothing' ? null : after,
    down,
  };
}
