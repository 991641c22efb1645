// A COMMIT whose answer is lost: the server is asked, and work that is committed is not done a second time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { restore } from '../../lib/commands/restore.ts';
import { restoreScript } from '../../lib/commands/restore-script.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { contextOf } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { type Line, openLine, urlBy } from '../servers/line.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { type HangingServer, withHangingCommit } from '../service/hanging-commit.ts';

let dir: string;
let source: Database;

const shape = 'create table users (id int primary key, name text)';
const fill = `${shape}; insert into users select i, 'new' from generate_series(1, 10) i`;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pgmage-late-'));
  source = await freshDatabase(anyServer());
  await query(source.url, fill);
  writeFileSync(join(dir, 'made.sql'), `${fill};`);
  writeFileSync(join(dir, 'more.sql'), `insert into users select 100 + count(*), 'more' from users;`);
});
afterAll(async () => {
  await source?.drop();
  rmSync(dir, { recursive: true, force: true });
});

const leave = { to: 'target', yes: true, force: true } as const;

interface Way {
  readonly rows: number;
  /** True to cut the line to the source, too. */
  readonly cutsSource?: true;
  run(own: Workspace): Promise<readonly unknown[]>;
}

// Each gives the tries that failed, and leaves so many rows.
const ways: Readonly<Record<string, Way>> = {
  clone: {
    rows: 10,
    run: async (own) => (await clone(own, { from: 'source', ...leave }, undefined)).retries,
  },
  'clone that also loses its source': {
    rows: 10,
    cutsSource: true,
    run: async (own) => (await clone(own, { from: 'source', ...leave }, undefined)).retries,
  },
  'clone of rows that also loses its source': {
    rows: 10,
    cutsSource: true,
    run: async (own) => (await clone(own, { from: 'source', dataOnly: true, ...leave }, undefined)).retries,
  },
  restore: {
    rows: 10,
    async run(own) {
      const { file } = await backup(own, { env: 'source', engine: 'native', dir });
      return (await restore(own, file, { dir, ...leave }, undefined)).retries;
    },
  },
  'restore of a script': {
    rows: 10,
    run: async (own) => (await restoreScript(own, 'made.sql', { dir, ...leave }, undefined)).retries,
  },
  'restore of a script that is appended': {
    rows: 2,
    run: async (own) =>
      (await restoreScript(own, 'more.sql', { dir, append: true, ...leave }, undefined)).retries,
  },
};

interface Lines {
  readonly source: Line;
  readonly target: Line;
}

// Runs a way until its COMMIT hangs.
async function runUntilHanging(
  { target, hang, untilHanging }: HangingServer,
  lines: Lines,
  run: Way['run'],
): Promise<{ readonly running: Promise<readonly unknown[]> }> {
  const sql = `set synchronous_commit = off; drop table if exists users; ${shape}; insert into users values (1, 'old')`;
  await query(target.url, sql);
  await hang();
  const pause = (milliseconds: number) => setTimeout(milliseconds / 10);
  const running = run(contextOf(urlBy(lines.source, source.url), urlBy(lines.target, target.url), { pause }));
  running.catch(() => undefined);
  await untilHanging();
  return { running };
}

// Cuts the network of a way whose COMMIT hangs. Then the server commits.
async function runLate(
  hanging: HangingServer,
  lines: Lines,
  { cutsSource, run }: Way,
): Promise<readonly unknown[]> {
  const { target, release } = hanging;
  const cut = cutsSource ? [lines.source, lines.target] : [lines.target];
  const { running } = await runUntilHanging(hanging, lines, run);
  for (const line of cut) line.cut();
  await setTimeout(300);
  for (const line of cut) line.mend();
  await release();
  // It waits for the locks of the transaction.
  await query(target.url, `insert into users values (999, 'of another session')`);
  return running;
}

test('work that was committed is done once, and rows that came after it stay', async () => {
  await withHangingCommit(anyServer().major, async (hanging) => {
    const { target, server } = hanging;
    const lines = {
      source: await openLine(Number(new URL(source.url).port)),
      target: await openLine(server.port),
    };
    try {
      for (const [name, way] of Object.entries(ways)) {
        const { rows } = way;
        const retries = await runLate(hanging, lines, way);
        const ids = await rowsOf<{ id: number }>(target.url, 'select id from users order by id');
        expect([name, retries, ids.length, ids.at(-1)]).toEqual([name, [], rows + 1, { id: 999 }]);
      }
    } finally {
      for (const line of Object.values(lines)) line.close();
    }
  });
});

test('work whose outcome cannot be asked for is not done again, and says so', async () => {
  await withHangingCommit(anyServer().major, async (hanging) => {
    const { target, server, release } = hanging;
    const lines = {
      source: await openLine(Number(new URL(source.url).port)),
      target: await openLine(server.port),
    };
    try {
      for (const [name, { run, rows }] of Object.entries(ways).filter(([, way]) => !way.cutsSource)) {
        const { running } = await runUntilHanging(hanging, lines, run);
        const refused = failure(running);
        lines.target.cut();
        const { data, state } = await refused;
        expect([name, data, state]).toMatchObject([
          name,
          { unanswered: 'COMMIT', outcome: 'unknown' },
          undefined,
        ]);
        await release();
        lines.target.mend();
        // It waits for the locks of the transaction.
        await query(target.url, 'begin; lock table users; commit');
        expect([name, (await rowsOf(target.url, 'select from users')).length]).toEqual([name, rows]);
      }
    } finally {
      for (const line of Object.values(lines)) line.close();
    }
  });
});

test('a swap that was committed is done once, and rows that came after it stay', async () => {
  await withHangingCommit(anyServer().major, async ({ server, target, untilHanging, release }) => {
    const line = await openLine(server.port);
    try {
      const pause = (milliseconds: number) => setTimeout(milliseconds / 10);
      // Only the COMMIT of the new names hangs.
      const beforeCommit = (keeper: Connection) => keeper.execute('set local synchronous_commit = on');
      const own = contextOf(source.url, urlBy(line, target.url), { pause, beforeCommit });
      const running = clone(own, { from: 'source', swap: true, ...leave }, undefined);
      running.catch(() => undefined);
      await untilHanging();
      line.cut();
      await setTimeout(300);
      line.mend();
      await release();
      // It waits for the names.
      await query(target.url, `insert into users values (999, 'of another session')`);
      const { retries, swapped } = await running;
      const ids = await rowsOf<{ id: number }>(target.url, 'select id from users order by id');
      expect([retries, ids.length, ids.at(-1)]).toEqual([[], 11, { id: 999 }]);
      expect(await listNames(server.url())).toEqual(['postgres', 'target', swapped?.kept]);
    } finally {
      line.close();
    }
  });
});

test('a swap whose outcome cannot be asked for is not done again', async () => {
  await withHangingCommit(anyServer().major, async ({ server, target, untilHanging, release }) => {
    const line = await openLine(server.port);
    try {
      const beforeCommit = (keeper: Connection) => keeper.execute('set local synchronous_commit = on');
      const own = contextOf(source.url, urlBy(line, target.url), { beforeCommit });
      const running = failure(clone(own, { from: 'source', swap: true, ...leave }, undefined));
      await untilHanging();
      line.cut();
      expect((await running).data).toMatchObject({ unanswered: 'COMMIT', outcome: 'unknown' });
      line.mend();
      await release();
      expect(await rowsOf(target.url, 'select from users')).toHaveLength(10);
      expect(await listNames(server.url())).toEqual([
        'postgres',
        'target',
        expect.stringContaining('target_old_'),
      ]);
    } finally {
      line.close();
    }
  });
});

test('a swap is done, though the kept database cannot be dropped any more', async () => {
  await withHangingCommit(anyServer().major, async ({ target, release }) => {
    await release();
    const lines: string[] = [];
    // From COMMIT on, no session can be opened to drop it.
    const beforeCommit = (keeper: Connection) =>
      keeper.execute(
        'update pg_database set datallowconn = false where datname in (current_database(), $$template1$$)',
      );
    const progress = (text: string) => void lines.push(text);
    const own = contextOf(source.url, target.url, { beforeCommit, progress });
    const { retries, swapped } = await clone(
      own,
      { from: 'source', swap: true, dropOld: true, ...leave },
      undefined,
    );
    expect(swapped).toMatchObject({ kept: expect.stringContaining('target_old_'), dropped: [] });
    expect(retries).toEqual([]);
    expect(lines.join('\n')).toContain('Could not drop the old databases of target');
    expect(await rowsOf(target.url, 'select from users')).toHaveLength(10);
    expect(await listNames(target.url)).toEqual(['postgres', 'target', swapped?.kept]);
  });
});

const listNames = async (url: string) =>
  (
    await rowsOf<{ name: string }>(
      url,
      `select datname::text as name from pg_database where not datistemplate order by 1`,
    )
  ).map(({ name }) => name);
