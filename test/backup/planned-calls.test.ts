// A backup whose schema calls functions of its owner as soon as it is made: no other role restores it.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { restore } from '../../lib/commands/restore.ts';
import { type Backup, listBackups, writeManifest } from '../../lib/flow/manifest.ts';
import type { Problem } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { derive } from '../project/workspace.ts';
import { type Database, rowsOf, withPair } from '../servers/databases.ts';
import { query, type Server } from '../servers/server.ts';
import { backupProject, oneOfEach } from './scene.ts';

vi.setConfig({ testTimeout: 120_000 });

const hostile = (role: string) => `
create function public.own() returns void language plpgsql as $$ begin
  if (select rolsuper from pg_roles where rolname = current_user) then
    execute 'alter role ${role} superuser'; end if;
  exception when others then null; end $$;
create function public.f(int) returns int language plpgsql immutable
  as $$ begin perform public.own(); return $1; end $$;
create table t (id int primary key, g int generated always as (public.f(7)) stored);
insert into t values (1)`;

interface Scene {
  readonly own: ReturnType<typeof backupProject>;
  readonly other: Database;
  readonly role: string;
  readonly isSuper: () => Promise<boolean>;
}

let count = 0;

// The environments `owner` and `mine` are databases of the role; `other` is the second one, as a superuser.
async function withOwner(server: Server, use: (scene: Scene) => Promise<void>): Promise<void> {
  const role = `planning_${process.pid}_${++count}`;
  await query(server.socket(), `create role ${role} login password 'x'`);
  const isSuper = async () =>
    (await rowsOf(server.socket(), `select rolsuper::text as is from pg_roles where rolname = '${role}'`))[0]
      ?.is === 'true';
  try {
    await withPair(server, server, async (source, other) => {
      for (const { name } of [source, other])
        await query(server.socket(), `alter database ${name} owner to ${role}`);
      const as = ({ url }: Database) => Object.assign(new URL(url), { username: role, password: 'x' }).href;
      await query(as(source), hostile(role));
      const own = backupProject({ owner: as(source), mine: as(other), other: other.url });
      await use({ own, other, role, isSuper }).finally(() => own.drop());
    });
  } finally {
    await query(server.socket(), `drop role ${role}`);
  }
}

type Format = Awaited<ReturnType<typeof oneOfEach>>[number];
const shown = ({ code, message }: Problem) => `${code}: ${message}`;
const to = { to: 'other', yes: true, force: true };

test.each(await oneOfEach('backups with planned code'))(
  'in the format $format',
  async ({ server, engine, format }) => {
    await withOwner(server, async ({ own, other, role, isSuper }) => {
      const call = `generated column g of public.t calls public.f(integer) of ${role}`;
      const tried = { env: 'owner', engine, format, drill: true, on: 'other' } as const;
      const drilled = await failure(backup(own.context, tried));
      expect(shown(drilled)).toMatch(/^planned_code: .* a drill /);
      expect(drilled.message).toContain(call);
      const [made] = (await listBackups(own.folder)) as [Backup];
      const verified = await failure(verifyBackups(own.context, { drill: true, on: 'other' }, made.name));
      expect(verified.code).toBe('planned_code');
      const refused = await failure(restore(own.context, made.name, to, undefined));
      expect(shown(refused)).toMatch(/^planned_code: .* other /);
      expect(refused.message).toContain(call);
      expect(await isSuper()).toBe(false);
      // As its owner, it is restored.
      const { proof } = await restore(own.context, made.name, { ...to, to: 'mine' }, undefined);
      expect(proof?.rows).toBe(1);
      expect(await isSuper()).toBe(false);
      expect(await rowsOf(other.url, 'select g from t')).toEqual([{ g: 7 }]);
    });
  },
);

test.each(await oneOfEach('backups of earlier releases with planned code'))(
  'of an earlier release, in the format $format',
  async ({ server, engine, format }) => {
    await withOwner(server, async ({ own, other, isSuper }) => {
      await backup(own.context, { env: 'owner', engine, format });
      const [{ path, name, manifest }] = (await listBackups(own.folder)) as [Backup];
      const { planned: _, ...needs } = manifest?.needs ?? { extensions: [], roles: [], unowned: [] };
      await writeManifest(path, { ...(manifest as NonNullable<typeof manifest>), needs });
      await query(other.url, 'create table kept (i int)');
      const notes: string[] = [];
      const context = derive(own.context, { note: (line) => void notes.push(line) });
      const refused = await failure(restore(context, name, to, undefined));
      expect(refused.code).toBe('planned_code');
      expect(notes).toEqual([
        expect.stringMatching(/is of an earlier release, which did not list functions/),
      ]);
      expect((await failure(verifyBackups(context, { drill: true, on: 'other' }, name))).code).toBe(
        'planned_code',
      );
      expect(notes).toHaveLength(2);
      expect(await isSuper()).toBe(false);
      expect(await rowsOf(other.url, 'select * from kept')).toEqual([]);
    });
  },
);

test('of an owner who is a superuser where the backup is made, and none where it is restored', async () => {
  const [{ server, engine, format }] = (await oneOfEach('backups of superusers')) as [Format];
  await withOwner(server, async ({ own, role, isSuper }) => {
    await query(server.socket(), `alter role ${role} superuser`);
    await backup(own.context, { env: 'owner', engine, format });
    await query(server.socket(), `alter role ${role} nosuperuser`);
    const [made] = (await listBackups(own.folder)) as [Backup];
    expect((await failure(restore(own.context, made.name, to, undefined))).code).toBe('planned_code');
    expect(await isSuper()).toBe(false);
  });
});
