// The names of migration files and their order: node-pg-migrate's rule, a number in front and words after it.

/** True if node-pg-migrate accepts the text as a migration's name, and SQL needs no escaping for it. */
export function isMigrationName(name: string): boolean {
  return /^\d+[\w.-]*$/.test(name) && name.length <= 255;
}

/** True for a numbered program, as node-pg-migrate and Knex write them: `1700000000000_a.js`. */
export function isProgramName(file: string): boolean {
  return /^\d[^/]*\.[cm]?[jt]s$/.test(file);
}

/** The number in front: the version that the ledger shows. */
export function readVersion(name: string): string {
  return /^\d*/.exec(name)?.[0] ?? '';
}

/** Orders names as node-pg-migrate does: by number, where 17 digits are a time in UTC, then by words. */
export function compareNames(a: string, b: string): number {
  const words = { usage: 'sort', numeric: true, sensitivity: 'variant', ignorePunctuation: true } as const;
  return rankOf(a) - rankOf(b) || a.localeCompare(b, undefined, words) || (a < b ? -1 : Number(a > b));
}

/**
 * The name of the migration after `last`: the time in UTC and the words. It is always the later one, also
 * where a clock was wrong, and keeps to the way of numbering that the folder has.
 * @param last null: there is none yet
 */
export function makeName(last: string | null, now: Date, words: string): string {
  const slug = makeSlug(words) || 'migration';
  return `${nextVersion(last === null ? '' : readVersion(last), now)}_${slug}`;
}

/** Words as part of a file name: `Add a table` becomes `add_a_table`. */
export function makeSlug(words: string): string {
  const plain = words.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60)
    .replace(/_+$/, '');
}

function nextVersion(last: string, now: Date): string {
  const digits = now.toISOString().replace(/\D/g, '');
  switch (last.length) {
    case 0:
      return digits;
    case 17: {
      const before = timeOf(last);
      if (before === undefined) break;
      return now.getTime() > before ? digits : new Date(before + 1).toISOString().replace(/\D/g, '');
    }
    case 14:
      return digits.slice(0, 14) > last ? digits.slice(0, 14) : String(Number(last) + 1);
    case 13:
      return String(Math.max(now.getTime(), Number(last) + 1));
  }
  return String(BigInt(last) + 1n).padStart(last.length, '0');
}

function rankOf(name: string): number {
  const version = readVersion(name);
  return timeOf(version) ?? Number(version);
}

// undefined: digits that are no time are a number like any other.
function timeOf(digits: string): number | undefined {
  const [, date = '', hours, minutes, seconds, rest] =
    /^(\d{8})(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(digits) ?? [];
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const time = Date.parse(`${day}T${hours}:${minutes}:${seconds}.${rest}Z`);
  return Number.isNaN(time) ? undefined : time;
}
