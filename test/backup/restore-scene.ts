// A database that is restored into, and a backup of another one: what a fault must not leave in between.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { Digest } from '../../lib/flow/digest.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import { alone } from './faults.ts';
import { backupProject, digest, type Way } from './scene.ts';

/** What goes ahead. */
export const consent = { yes: true, force: true };

const wanted = `create table big (id int primary key, noise text); insert into big select i,
  repeat(md5(i::text), 30) from
  generate_series(1, 3000) i; create table child (id int references big, n int); insert into child select i,
  i from
  generate_series(1, 1000) i; create index on child (n); create view v as select *
  from child; create sequence s;
  select setval('s', 7); select lo_from_bytea(99, 'new')`;

/** SQL of what the target holds. */
export const before = `create schema mine; create table mine.users (id int primary key,
  name text); insert into mine.users values
  (1, 'a'), (2, 'b'); create view mine.names as select name from mine.users; select lo_from_bytea(99, 'old');
  create table child (n int); insert into child values (5)`;

/** The scene of one way. */
export interface RestoreScene {
  readonly own: ReturnType<typeof backupProject>;
  readonly target: Database;
  /** The backup. */
  readonly file: string;
  /** Where environments are at the moment; `copy` is the target. */
  readonly urls: Record<string, string>;
  /** What the target holds, and what the backup does. */
  readonly was: Digest[];
  readonly whole: Digest[];
  /** Restores, with something that happens at the n-th line of progress. */
  struck(
    at: number,
    strike: () => Promise<unknown> | unknown,
  ): Promise<{ thrown: Problem | null; struck: boolean }>;
  /**
   * Expects the target to be what it was or, where it succeeded, the backup; afterwards it is what it was.
   */
  expectEither(succeeded: boolean): Promise<void>;
  drop(): Promise<void>;
}

/** Makes it. */
export async function restoreScene({ server, engine, format }: Way): Promise<RestoreScene> {
  const [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  await query(source.url, wanted);
  await query(target.url, before);
  const [whole, was] = [await digest(source.url), await digest(target.url)];
  const urls: Record<string, string> = { prod: source.url, copy: target.url };
  const own = backupProject(urls);
  writeFileSync(join(own.context.project.root, 'package.json'), '{}');
  writeFileSync(join(own.context.project.root, '.env.copy'), `DATABASE_URL=${target.url}`);
  const { file } = await backup(own.context, format === undefined ? { engine } : { format });
  return {
    own,
    target,
    file,
    urls,
    was,
    whole,
    async struck(at, strike) {
      let lines = 0;
      let did: Promise<unknown> | undefined;
      const progress = () => {
        if (lines++ === at) did = Promise.resolve(strike());
      };
      const context = derive(own.context, { progress, lockTimeout: 200 });
      const thrown = await restore(context, file, { to: 'copy', ...consent }, undefined).then(
        () => null,
        (reason: unknown) => reason,
      );
      await did;
      if (thrown !== null) expect(thrown).toBeInstanceOf(Problem);
      return { thrown: thrown as Problem | null, struck: did !== undefined };
    },
    async expectEither(succeeded) {
      await alone(target.url);
      expect(await digest(target.url)).toEqual(succeeded ? whole : was);
      if (!succeeded) return;
      const away = 'drop view v; drop table child, big; drop sequence s; select lo_unlink(99)';
      await query(target.url, `${away}; ${before}`);
      expect(await digest(target.url)).toEqual(was);
    },
    async drop() {
      own.drop();
      await target.drop();
      await source.drop();
    },
  };
}
