// The other judge: `pg_dump -s`, where one of the server's major version is at hand.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where Debian keeps the programs of each version; null where there is no pg_dump of that version. */
export function pgDump(major: number): string | null {
  const path = `/usr/lib/postgresql/${major}/bin/pg_dump`;
  return existsSync(path) ? path : null;
}

/** Dumps a schema as its entries, normalised and sorted. Throws Error with what pg_dump said. */
export async function dump(program: string, url: string): Promise<string[]> {
  const { stdout } = await run(program, ['-s', '-d', url], { maxBuffer: 1 << 28 });
  const [, ...entries] = stdout
    .replace(/^(SET |SELECT pg_catalog\.set_config|\\(un)?restrict ).*\n/gm, '')
    .split(/^--\n-- (?=Name: )/m);
  return entries.map(normalised).sort();
}

/** Loads the dump of one database's schema into another one. Throws Error with what psql said. */
export async function copySchema(program: string, from: string, to: string): Promise<void> {
  const { stdout } = await run(program, ['-s', '-d', from], { maxBuffer: 1 << 28 });
  // An empty database has its own; pg_dump expects psql to go on.
  await runByPsql(stdout.replace(/^CREATE SCHEMA public;$/m, ''), to);
}

/** Runs a script as people do; psql ends at the first error. Throws Error with what it said. */
export async function runByPsql(sql: string, url: string): Promise<void> {
  const child = run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', url, '-f', '-'], {
    maxBuffer: 1 << 28,
  });
  // psql that has met an error reads no further; what it says tells more than the broken pipe.
  child.child.stdin?.on('error', () => undefined);
  child.child.stdin?.end(sql);
  await child.catch((thrown: { stderr?: string }) => {
    throw new Error(thrown.stderr || String(thrown));
  });
}

/** Loads a file as people do: in one transaction, up to the first error. Throws Error with what psql said. */
export async function loadByPsql(file: string, url: string): Promise<void> {
  await run('psql', ['-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-d', url, '-f', file], {
    maxBuffer: 1 << 28,
  }).catch((thrown: { stderr?: string }) => {
    throw new Error(thrown.stderr || String(thrown));
  });
}

/**
 * What only one of two dumps has.
 * @param passed tables of which nothing is said, as `schema.name`
 */
export function dumpDifferences(
  reached: readonly string[],
  wanted: readonly string[],
  passed: ReadonlySet<string> = new Set(),
): string[] {
  const isPassed = (entry: string) =>
    [...passed].some(
      (table) =>
        entry.includes(`\nCREATE TABLE ${table} (`) ||
        (entry.includes('Type: DEFAULT;') && entry.includes(`\nALTER TABLE ONLY ${table} `)),
    );
  const a = new Set(reached);
  const b = new Set(wanted);
  return [
    ...wanted.filter((entry) => !a.has(entry) && !isPassed(entry)).map((entry) => `missing: ${entry}`),
    ...reached.filter((entry) => !b.has(entry) && !isPassed(entry)).map((entry) => `too many: ${entry}`),
  ];
}

// The order of columns, and of grants, which the server keeps in the order in which they were given.
function normalised(entry: string): string {
  const type = /; Type: ([A-Z ]+);/.exec(entry)?.[1] ?? '';
  const [title, ...lines] = entry
    .replace(/^-- PostgreSQL database dump complete$/m, '')
    .split('\n')
    .filter((line) => line !== '' && line !== '--');
  if (['TABLE', 'FOREIGN TABLE', 'ACL', 'DEFAULT ACL'].includes(type))
    return [title, ...lines.map((line) => line.replace(/,$/, '')).sort()].join('\n');
  if (['STATISTICS', 'PUBLICATION TABLE'].includes(type))
    return [
      title,
      ...lines
        .join(' ')
        .split(/[\s,;()]+/)
        .sort(),
    ].join(' ');
  return [title, ...lines].join('\n');
}
