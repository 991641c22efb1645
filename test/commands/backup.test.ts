// A backup is one dump and its manifest, or nothing; every damage to either of them is seen and named.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { backups, verifyBackups } from '../../lib/commands/backups.ts';
import { chooseClient, findClients } from '../../lib/flow/client.ts';
import { digestRelations } from '../../lib/flow/digest.ts';
import type { Manifest } from '../../lib/flow/manifest.ts';
import { readNative } from '../../lib/flow/native.ts';
import { resolveClientAccess } from '../../lib/pg/route.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { backupsText, backupText } from '../../lib/report/backups.ts';
import { type BackedUp, backedUp, backupProject, ways } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { derive } from '../project/workspace.ts';
import { freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

// Asked while this process stands still: SQLSTATE of what the server says, or `done`.
function answerOf(url: string, sql: string): string {
  const script = `import pg from 'pg';
    const client = new pg.Client(process.argv[1]);
    await client.connect();
    await client.query(process.argv[2]).then(() => console.log('done'), (error) => console.log(error.code));
    await client.end();`;
  const words = ['--input-type=module', '-e', script, url, sql];
  return spawnSync(process.execPath, words, { encoding: 'utf8', cwd: import.meta.dirname }).stdout.trim();
}

const paper = { width: 200, colour: false, now: new Date('2026-11-21T09:30:00Z') };

test('a URL means the same to PostgreSQL’s own programs, without being among their arguments', () => {
  const variables = (url: string) => resolveClientAccess(url, { environment: 'shop' }).variables;
  expect(
    variables(
      'postgres://me%40here:a%2Fb%20%3F@db.example.org:6543/my%20shop?sslmode=no-verify&pgbouncer=true&options=-csearch_path%3Da',
    ),
  ).toEqual({
    PGHOST: 'db.example.org',
    PGPORT: '6543',
    PGUSER: 'me@here',
    PGPASSWORD: 'a/b ?',
    PGDATABASE: 'my shop',
    PGSSLMODE: 'require',
    PGOPTIONS: '-csearch_path=a',
    PGCONNECT_TIMEOUT: '10',
  });
  expect(variables('postgres://me@%2Ftmp%2Fa%20b:5433/x')).toMatchObject({
    PGHOST: '/tmp/a b',
    PGPORT: '5433',
    PGUSER: 'me',
    PGDATABASE: 'x',
  });
  expect(variables('postgresql:///x?host=/tmp&user=u')).toMatchObject({
    PGHOST: '/tmp',
    PGUSER: 'u',
    PGDATABASE: 'x',
  });
  expect(variables('postgres://u:p@:5432/a%2Fb')).toMatchObject({
    PGUSER: 'u',
    PGPASSWORD: 'p',
    PGPORT: '5432',
    PGDATABASE: 'a/b',
  });
  expect(variables('postgres://[::1]/')).toMatchObject({ PGHOST: '::1' });
});

test('the newest client is taken, and one that is too old is told', async () => {
  const of = (version: string) => ({
    folder: '/nowhere',
    version,
    major: Number.parseInt(version, 10),
  });
  expect(chooseClient([of('18.1'), of('15.18')], 15).version).toBe('18.1');
  const refused = await failure((async () => chooseClient([of('15.18')], 17))());
  expect(refused.message).toBe('Found no pg_dump for PostgreSQL 17, only 15.18');
  expect((await failure((async () => chooseClient([], 17))())).message).toBe(
    'Found no pg_dump for PostgreSQL 17',
  );
});

const restorer = join((await findClients())[0]?.folder ?? '', 'pg_restore');
// How many lines of numbers a dump holds.
async function rowsIn(path: string): Promise<number> {
  let text = '';
  if (path.endsWith('.native'))
    await readNative(
      path,
      async () => undefined,
      async (entry) => {
        if (entry.is !== 'closing') for await (const piece of entry.rows) text += Buffer.from(piece);
      },
    );
  else
    text = spawnSync(restorer, ['--data-only', '-f', '-', path], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    }).stdout;
  return text.split('\n').filter((line) => /^\d+$/.test(line)).length;
}

const all = await ways('backups by pg_dump');

describe.each(all)('PostgreSQL $major by $engine', ({ server, engine }) => {
  let scene: BackedUp;
  let { database, own, path: file } = {} as BackedUp;

  beforeAll(async () => {
    scene = await backedUp(server, everything, { engine });
    ({ database, own, path: file } = scene);
  });
  afterAll(() => scene.drop());

  const manifestOf = (dump: string) =>
    JSON.parse(readFileSync(dump.replace(/\.\w+$/, '.json'), 'utf8')) as Manifest & { seal: string };

  test('one file and its manifest, named by database, environment and time', async () => {
    const stem = `${database.name}_prod_2026-11-20T09-30-01Z`;
    const name = `${stem}.${engine === 'native' ? 'native' : 'dump'}`;
    expect(readdirSync(own.folder).sort()).toEqual([name, `${stem}.json`].sort());
    const manifest = manifestOf(file);
    const connection = await userSession({ url: database.url, applicationName: 'pgmage tests' });
    const contents = await snapshot(connection, (held) => digestRelations(held));
    await connection.close();
    expect(manifest).toMatchObject({
      format: 1,
      file: name,
      engine,
      environment: 'prod',
      database: database.name,
      server: { major: server.major, encoding: 'UTF8' },
      contents,
      moved: [],
      verified: [{ how: 'read' }],
    });
    expect(manifest.snapshot).toMatch(/^[\dA-F]+-[\dA-F]+-\d+$/);
    expect(manifest.schema.fingerprint).not.toBe(manifest.schema.unowned);
    expect(JSON.stringify(manifest)).not.toContain(server.password);
  });

  test('what others write meanwhile is neither dumped nor counted', async () => {
    const busy = await freshDatabase(server);
    try {
      await query(
        busy.url,
        'create table t (id int); insert into t select generate_series(1, 100000); create sequence s',
      );
      const there = backupProject({ busy: busy.url });
      let going = true;
      const writer = (async () => {
        while (going) await query(busy.url, `insert into t values (0); select nextval('s')`);
      })();
      const made = await backup(there.context, { engine, env: 'busy', keep: true });
      going = false;
      await writer;
      const { contents } = manifestOf(join(there.context.project.root, made.file));
      const rows = await rowsIn(join(there.context.project.root, made.file));
      expect(contents.find(({ name }) => name === 'public.t')?.rows).toBe(rows);
      expect(await rowsOf(busy.url, `select count(*)::int from t`)).not.toEqual([{ count: rows }]);
      expect(made.keep).toBe(true);
      there.drop();
    } finally {
      await busy.drop();
    }
  });

  test('while it is read, nobody empties or rewrites a table, which no snapshot would show', async () => {
    let refused = '';
    const progress = (line: string) => {
      if (refused === '' && line.startsWith('Backing up'))
        refused = answerOf(database.url, `set lock_timeout = '50ms'; truncate twice`);
    };
    mkdirSync(join(own.context.project.root, 'held'));
    await backup(derive(own.context, { progress }), { engine, dir: 'held' });
    expect(refused).toBe('55P03');
  });

  test('it is told and listed', async () => {
    const report = await backups(own.context, {});
    expect(report.backups).toHaveLength(1);
    const [only] = report.backups;
    expect(only).toMatchObject({ environment: 'prod', tables: 10, rows: 3015, keep: false, faults: [] });
    expect(backupsText(report, paper)).toMatch(
      /^File +Environment +Age +Size +Rows +Verified\n\S+\.(?:dump|native) +prod +23 hours ago +\d+ kB +3015 +read whole, 23 hours ago$/,
    );
    expect(only && backupText({ ...only, retries: [] }, paper)).toMatch(
      /^Backed up \S+ of prod to backups\/\S+\.(?:dump|native)\n10 tables, 3015 rows, \d+ kB, in [\d.]+ s; verified: read whole$/,
    );
    expect(backupsText(await backups(own.context, { env: 'dev' }), paper)).toBe(
      'No backups of dev in backups',
    );
  });
});

test('without a pg_dump that fits it does without, and says so; what it leaves out is told', async () => {
  const server = anyServer();
  const own = backupProject({ prod: server.url() });
  const database = await freshDatabase(server);
  const said: string[] = [];
  const context = derive(own.context, { progress: (line: string) => said.push(line) });
  try {
    const there = backupProject({ prod: database.url });
    await query(
      database.url,
      `create table t (id int); create subscription s connection 'host=nowhere' publication p with (connect
        = false)`,
    );
    const made = await backup(derive(there.context, { progress: context.world.progress }), {});
    const fits = ((await findClients())[0]?.major ?? 0) >= server.major;
    expect(made.file.endsWith(fits ? '.dump' : '.native')).toBe(true);
    if (!fits) {
      expect(said).toContain(`Found no pg_dump for PostgreSQL ${server.major}: backing up without it`);
      expect(made.left).toEqual(['SUBSCRIPTION s: it would take over the subscription of the source']);
      expect(backupText(made, paper)).toContain(
        '\nNot in the backup: SUBSCRIPTION s: it would take over the subscription of the source',
      );
      expect((await failure(backup(there.context, { engine: 'pg_dump' }))).code).toBe('no_client');
    }
    there.drop();
  } finally {
    own.drop();
    await database.drop();
  }
});

test('what cannot be backed up is told before anything is written', async () => {
  const own = backupProject({ prod: anyServer().url('nowhere') });
  expect((await failure(backup(own.context, { env: 'embedded' }))).code).toBe('no_server');
  expect((await failure(backup(own.context, {}))).code).toBe('missing_database');
  const missing = await failure(verifyBackups(own.context, {}, 'none.dump'));
  expect(missing.code).toBe('missing_file');
  expect(missing.hint).toBe('Correct the name: db:backups lists them.');
  expect(readdirSync(own.context.project.root)).toEqual([]);
  own.drop();
});
