// An interrupt at the COMMIT of a command: the text that it prints is what the server shows afterwards.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withTemplate } from '../project/cache.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { type Gate, gateAt } from '../servers/gate.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { type HangingServer, withHangingCommit } from '../service/hanging-commit.ts';

// A process ends five seconds after an interrupt at the latest, which a busy machine can use up.
const busy = { retry: 2 };
const program = join(import.meta.dirname, '../../bin/pgmage.cjs');
const shape = 'create table users (id int primary key, name text)';
const fill = `${shape}; insert into users select i, 'new' from generate_series(1, 10) i`;

let root: string;
let source: Database;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-commit-'));
  await withTemplate(join(root, '.pgmage', 'cache'));
  for (const folder of ['schema', 'backups']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'package.json'), '{ "name": "shop" }');
  source = await freshDatabase(anyServer());
  await query(source.url, fill);
  writeFileSync(join(root, '.env.production'), `DATABASE_URL=${source.url}`);
  writeFileSync(join(root, 'backups/made.sql'), `${fill};`);
  writeFileSync(join(root, 'backups/more.sql'), `insert into users select 100 + count(*), 'new' from users;`);
  expect((await start(['db:backup', '--env', 'prod', '--engine', 'native']).ended).code).toBe(0);
});
afterAll(async () => {
  await source?.drop();
  rmSync(root, { recursive: true, force: true });
});

function start(words: readonly string[]) {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = new Promise<{ code: number | null; log: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, log })),
  );
  return { child, ended };
}

/** A command that changes a target in one transaction. */
interface Way {
  words(): readonly string[];
  /** Messages before its COMMIT, and that. */
  readonly at: readonly RegExp[];
  readonly told: { readonly committed: RegExp; readonly undone: RegExp; readonly unknown: RegExp };
  /** A query that has rows where the work is committed. */
  readonly isDone: string;
}

const agreed = ['--to', 'staging', '--yes', '--force'] as const;
const end = [/xact_id_if_assigned/, /commit/i];
const told = {
  committed: /^The work was complete: it is committed in staging\.$/,
  undone: /^It was rolled back: staging is unchanged\.$/,
  unknown: /^COMMIT was sent to staging, and its outcome is not known\. Look at staging before you retry\.$/,
};
const sequences = {
  ...told,
  undone: /^It was rolled back: staging is unchanged, apart from values of sequences\.$/,
};
const isNew = `select from users where name = 'new'`;

const file = () => readdirSync(join(root, 'backups')).find((name) => name.endsWith('.native')) ?? '';

const ways: Readonly<Record<string, Way>> = {
  'db:clone': { words: () => ['db:clone', '--from', 'prod', ...agreed], at: end, told, isDone: isNew },
  'db:clone --swap': {
    words: () => ['db:clone', '--from', 'prod', '--swap', ...agreed],
    at: end,
    told: {
      committed:
        /^The swap was complete: staging is the copy\. Its old database is kept as target_old_\w+\.$/,
      undone: /^staging is unchanged\.$/,
      unknown: new RegExp(
        `${told.unknown.source.slice(0, -1)} If there is a database target_old_\\w+, staging is the copy\\.$`,
      ),
    },
    isDone: isNew,
  },
  'db:restore': { words: () => ['db:restore', file(), ...agreed], at: end, told, isDone: isNew },
  'db:restore --without-manifest': {
    words: () => ['db:restore', 'made.sql', '--without-manifest', '--no-backup-first', ...agreed],
    at: end,
    told,
    isDone: isNew,
  },
  'db:restore --without-manifest --append': {
    words: () => ['db:restore', 'more.sql', '--without-manifest', '--append', '--no-backup-first', ...agreed],
    at: end,
    told: sequences,
    isDone: isNew,
  },
  'data:sync': {
    words: () => ['data:sync', '--from', 'prod', '--to', 'staging', '--yes'],
    at: end,
    told: sequences,
    isDone: isNew,
  },
  'data:sync --lock': {
    words: () => ['data:sync', '--from', 'prod', '--to', 'staging', '--yes', '--lock'],
    at: end,
    told: sequences,
    isDone: isNew,
  },
  'data:sync --batch': {
    words: () => ['data:sync', '--from', 'prod', '--to', 'staging', '--yes', '--batch', '100'],
    at: end,
    told: {
      committed: /^The batch under way is committed in staging\. Run data:history before you retry\.$/,
      undone: /^What was not committed was rolled back\. Run the command again when you are ready\.$/,
      unknown:
        /^COMMIT of a batch was sent to staging, and its outcome is not known\. Run data:history before you retry\.$/,
    },
    isDone: isNew,
  },
  'db:sync': {
    words: () => ['db:sync', '--env', 'staging', '--yes'],
    at: [/create table public\.things/i, /commit/i],
    told: {
      committed: /^Written and kept: \S+ db:sync applies what is not applied yet\. Applied: \d+_\w+\.$/,
      undone:
        /^Written and kept: \S+ db:sync applies what is not applied yet\. \d+_\w+ was rolled back: it changed nothing in staging\.$/,
      unknown:
        /^Written and kept: \S+ db:sync applies what is not applied yet\. COMMIT of \d+_\w+ was sent to staging, and its outcome is not known\. Run db:status before you retry\.$/,
    },
    isDone: `select from pg_class where relname = 'things'`,
  },
};

const before = `drop schema if exists pgmage cascade; drop table if exists users, things; ${shape};
  insert into users values (1, 'old')`;

// Begins the command, and gives it and its gate when its COMMIT is on the way.
async function untilCommit({ server, target, release }: HangingServer, { words, at }: Way) {
  await release();
  // A swap renames from a session in another database.
  await query(server.socket(), 'alter database postgres set synchronous_commit = on');
  await query(target.url, before);
  rmSync(join(root, 'migrations'), { recursive: true, force: true });
  writeFileSync(join(root, 'schema/schema.sql'), `${shape}; create table things (id int);`);
  if (words()[0] === 'db:sync') await query(target.url, 'drop table users');
  const gate = await gateAt(target.url, at);
  writeFileSync(join(root, '.env.staging'), `DATABASE_URL=${gate.url}`);
  const run = start(words());
  await Promise.race([gate.reached(), run.ended]);
  return { ...run, gate };
}

const interrupted = ({ code, log }: { code: number | null; log: string }) => [
  code,
  log.slice(log.indexOf('\nInterrupted. ') + 1).replace(/^Interrupted\. |\n$/g, ''),
];

async function interrupt(
  { child, ended }: Pick<ReturnType<typeof start>, 'child' | 'ended'>,
  signal: 'SIGINT' | 'SIGTERM',
) {
  child.kill(signal);
  return interrupted(await ended);
}

test.each(Object.entries(ways))('%s: a COMMIT that never arrives is rolled back', busy, async (_, way) => {
  await withHangingCommit(anyServer().major, async (hanging) => {
    const { gate, ...run } = await untilCommit(hanging, way);
    try {
      expect(await interrupt(run, 'SIGTERM')).toEqual([143, expect.stringMatching(way.told.undone)]);
      expect(await rowsOf(hanging.target.url, way.isDone)).toEqual([]);
      expect(await listDatabases(hanging)).toEqual(['postgres', 'target']);
    } finally {
      gate.close();
    }
  });
});

// Waits until the COMMIT of the command hangs on the server.
async function hang({ hang: set, untilHanging }: HangingServer, gate: Gate): Promise<void> {
  await set();
  gate.open();
  await untilHanging();
}

test.each(Object.entries(ways))('%s: a COMMIT that ends after an interrupt is told', busy, async (_, way) => {
  await withHangingCommit(anyServer().major, async (hanging) => {
    const { gate, ...run } = await untilCommit(hanging, way);
    try {
      await hang(hanging, gate);
      const ended = interrupt(run, 'SIGINT');
      await setTimeout(300);
      await hanging.release();
      expect(await ended).toEqual([130, expect.stringMatching(way.told.committed)]);
      expect(await rowsOf(hanging.target.url, way.isDone)).not.toEqual([]);
      expect(await listDatabases(hanging)).toEqual(['postgres', 'target', ...keptOf(way)]);
    } finally {
      gate.close();
    }
  });
});

test.each(Object.entries(ways))('%s: a COMMIT that the server works on is unknown', busy, async (_, way) => {
  await withHangingCommit(anyServer().major, async (hanging) => {
    const { gate, ...run } = await untilCommit(hanging, way);
    try {
      await hang(hanging, gate);
      expect(await interrupt(run, 'SIGTERM')).toEqual([143, expect.stringMatching(way.told.unknown)]);
      // It is still at work.
      await hanging.untilHanging();
      await hanging.release();
      // It waits for the locks of the transaction.
      await query(hanging.target.url, 'create table late (id int)');
      expect(await rowsOf(hanging.target.url, way.isDone)).not.toEqual([]);
      expect(await listDatabases(hanging)).toEqual(['postgres', 'target', ...keptOf(way)]);
    } finally {
      gate.close();
    }
  });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s between the two renames of a swap', busy, async (signal) => {
  await withHangingCommit(anyServer().major, async (hanging) => {
    const way = ways['db:clone --swap'] as Way;
    const at = [/alter database "?target"? rename to/i, /comment on database "?target_old/i];
    const { gate, ...run } = await untilCommit(hanging, { ...way, at });
    try {
      const code = { SIGINT: 130, SIGTERM: 143 }[signal];
      expect(await interrupt(run, signal)).toEqual([code, 'staging is unchanged.']);
      expect(await rowsOf(hanging.target.url, 'select name from users')).toEqual([{ name: 'old' }]);
      expect(await listDatabases(hanging)).toEqual(['postgres', 'target']);
    } finally {
      gate.close();
    }
  });
});

const keptOf = ({ words }: Way) =>
  words().includes('--swap') ? [expect.stringMatching(/^target_old_\w+$/)] : [];

const listDatabases = async ({ server }: HangingServer) =>
  (
    await rowsOf<{ name: string }>(
      server.url(),
      'select datname::text as name from pg_database where not datistemplate order by 1',
    )
  ).map(({ name }) => name);
