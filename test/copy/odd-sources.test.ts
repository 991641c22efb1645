// Sources that few have: databases without an encoding, and standbys.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import type { CloneInput } from '../../lib/copy/options.ts';
import { backupProject, digest, oneOfEach } from '../backup/scene.ts';
import { failure } from '../failure.ts';
import { installedServers } from '../servers/binaries.ts';
import { rowsOf } from '../servers/databases.ts';
import { type OwnServer, query, type Server, startServer } from '../servers/server.ts';
import { type Standby, startStandby } from '../servers/standby.ts';
import { cloned, contextOf } from './cloning.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const consent = { yes: true, force: true };

async function withoutEncoding<T>(
  server: Server,
  name: string,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const locale = `encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'`;
  await query(server.socket(), `create database ${name} template template0 ${locale}`);
  try {
    return await use(server.url(name));
  } finally {
    await query(server.socket(), `drop database ${name} with (force)`);
  }
}

const bytes = `create table t (id int primary key, a text, b varchar(9)[]);
  insert into t select i, convert_from(decode('e9' || to_hex(128 + i) || '5c09', 'hex'), 'SQL_ASCII'),
    array[convert_from('\\xff22', 'SQL_ASCII')] from generate_series(0, 99) i;
  create index on t (a); select lo_from_bytea(99, '\\xff')`;

describe.each(await oneOfEach('databases without an encoding'))(
  'SQL_ASCII, $format',
  ({ server, format }) => {
    test('bytes that are no UTF-8 are backed up, restored and cloned', async () => {
      await withoutEncoding(server, `ascii_${format}_1`, (source) =>
        withoutEncoding(server, `ascii_${format}_2`, async (target) => {
          await rowsOf(source, bytes);
          const whole = await digest(source);
          const own = backupProject({ prod: source, copy: target });
          const { file, verified } = await backup(own.context, { format, drill: true, on: 'prod' });
          expect(verified?.how).toBe('drill');
          await restore(own.context, file, { to: 'copy', ...consent }, undefined);
          expect(await digest(target)).toEqual(whole);
          own.drop();
          const ways: Partial<Record<typeof format, CloneInput[]>> = {
            native: [{ engine: 'native' }, { engine: 'native', swap: true }],
            custom: [{ engine: 'pipe' }],
          };
          for (const way of ways[format] ?? []) {
            await rowsOf(target, 'drop table t');
            await cloned(contextOf(source, target), way);
            expect(await digest(target)).toEqual(whole);
          }
          expect(await rowsOf(target, `select convert_to(a, 'SQL_ASCII') as a from t where id = 1`)).toEqual(
            await rowsOf(source, `select convert_to(a, 'SQL_ASCII') as a from t where id = 1`),
          );
        }),
      );
    });

    test('a definition with such bytes is refused with the reason', async () => {
      await withoutEncoding(server, `ascii_${format}_3`, async (source) => {
        await rowsOf(
          source,
          `create table t (); do $$begin execute 'comment on table t is ''' || convert_from('\\xe9',
            'SQL_ASCII') || ''''; end$$`,
        );
        const own = backupProject({ prod: source });
        const { message } = await failure(backup(own.context, { format }));
        expect(message).toContain('invalid byte sequence for encoding "UTF8": 0xe9');
        own.drop();
      });
    });
  },
);

const programs = installedServers()[0];

describe('a standby', () => {
  let primary: OwnServer;
  let standby: Standby;

  beforeAll(async () => {
    if (programs === undefined) return;
    primary = await startServer(programs);
    await query(
      primary.url(),
      `create unlogged table fast (id serial primary key, a text); insert into fast (a) values ('x');
       create table kept (id serial, a int); insert into kept (a) values (1), (2); create view v as select *
       from fast`,
    );
    standby = await startStandby(primary, programs);
  });
  afterAll(async () => {
    await standby?.stop();
    await primary?.stop();
  });

  const note = 'rows of public.fast: the table is unlogged, and a standby does not have its rows';

  test('is backed up and cloned without the rows of unlogged tables, and that is said', async () => {
    if (programs === undefined) {
      process.stdout.write('NOT RUN: a standby, for want of an installed server with pg_basebackup\n');
      return;
    }
    await query(primary.url(), 'create database target');
    const own = backupProject({ prod: standby.url(), copy: primary.url('target') });
    for (const format of ['native', 'custom', 'plain', 'directory'] as const) {
      const made = await backup(own.context, { format });
      expect(made.left).toEqual([note]);
      await restore(own.context, made.file, { to: 'copy', ...consent }, undefined);
      const rows =
        'select (select count(*)::int from fast) as fast, (select count(*)::int from kept) as kept';
      expect(await rowsOf(primary.url('target'), rows)).toEqual([{ fast: 0, kept: 2 }]);
    }
    for (const engine of ['native', 'pipe'] as const) {
      const { done } = await cloned(contextOf(standby.url(), primary.url('target')), { engine });
      expect(done?.left).toEqual([note]);
    }
    // Its own backup tells nothing of the kind.
    expect((await backup(own.context, { env: 'copy', format: 'native' })).left).toEqual([]);
    own.drop();
  });
});
