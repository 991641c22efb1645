// A whole database, with a value of every type, comes over as it is: between all versions, and over whatever
// was there.
import { expect, test, vi } from 'vitest';
import { clone } from '../../lib/commands/clone.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { diff } from '../../lib/model/diff.ts';
import { cloned, contextOf, more, reservedLater, wholeOf } from '../copy/cloning.ts';
import { newest, oldest, ways, withPair } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { everything } from '../flow/everything.ts';
import { dump, dumpDifferences, pgDump } from '../proof/dump.ts';
import { rowsOf } from '../servers/databases.ts';

vi.setConfig({ testTimeout: 300_000 });

test.each(ways)('everything comes over: $name', async ({ from, to }) => {
  await withPair(from, to, async (source, target) => {
    await rowsOf(source.url, everything);
    await rowsOf(source.url, `${more};${reservedLater}`);
    const report = await cloned(contextOf(source.url, target.url));
    expect(report.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(report.done).toMatchObject({ notes: [], left: [], largeObjects: 2 });
    expect(report.done?.tables).toContainEqual({ name: 'public.many', rows: 3000 });
    const [a, b] = [await wholeOf(source.url), await wholeOf(target.url)];
    expect(b.digests).toEqual(a.digests);
    if (from.major === to.major)
      expect(diff(b.catalog, a.catalog, kinds)).toEqual({ added: [], removed: [], changed: [] });
    const program = pgDump(from.major);
    if (program !== null && from.major === to.major)
      expect(dumpDifferences(await dump(program, target.socket), await dump(program, source.socket))).toEqual(
        [],
      );
    // What comes next is not a number that is there already.
    expect(await rowsOf(target.url, `insert into notes (by) values (1) returning id`)).toEqual([{ id: 3 }]);
    const said = `select obj_description(4711, 'pg_largeobject') as comment, array(select a::text
      from unnest(lomacl) a order by 1) as acl
      from pg_largeobject_metadata where oid = 4711`;
    expect(await rowsOf(target.url, said)).toEqual([
      { comment: "it's large", acl: ['=r/postgres', 'postgres=rw/postgres'] },
    ]);
  });
});

test('an interrupt says what became of the target', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(target.url, 'create table t (id int primary key)');
    const undos: (() => Promise<unknown>)[] = [];
    const onInterrupt = (undo: () => Promise<unknown>) => {
      undos.push(undo);
      return () => undefined;
    };
    let said: unknown[] = [];
    const interrupted = async () => {
      said = await Promise.all(undos.map((undo) => undo()));
      throw new Error('it ends here');
    };
    const context = contextOf(source.url, target.url, { onInterrupt });
    const cloning = clone(context, { from: 'source', to: 'target', force: true }, interrupted);
    await expect(cloning).rejects.toThrow('it ends here');
    expect(said).toContain('target is unchanged.');
    expect(await rowsOf(target.url, `select to_regclass('t')::text as t`)).toEqual([{ t: 't' }]);
  });
});

test('what the target held is shown, asked for, and gone', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(source.url, 'create table t (id int primary key); insert into t values (1), (2)');
    await rowsOf(
      target.url,
      `create table t (other text); insert into t values ('x'); create table u (); create schema s; create
        view s.v as select 1;
       create type mood as enum ('a'); create sequence q; select lo_from_bytea(7,
       'x'); create extension if not exists pg_trgm;
       create function drop_it() returns event_trigger language plpgsql as $$begin end$$;
       create event trigger e on sql_drop execute function drop_it()`,
    );
    const context = contextOf(source.url, target.url);
    const way = { from: 'source', to: 'target' };
    const before = await wholeOf(target.url);
    expect(await failure(clone(context, { ...way, yes: true }, undefined))).toMatchObject({
      code: 'data_loss_refused',
      data: { losses: ['public.t (1 row)', '1 large object'] },
    });
    expect((await failure(clone(context, { ...way, force: true }, undefined))).code).toBe(
      'confirmation_needed',
    );
    const asked = vi.fn(async () => false);
    expect((await clone(context, { ...way, force: true }, asked)).done).toBe(null);
    expect(asked).toHaveBeenCalledWith(
      expect.objectContaining({
        replaces: [
          { name: 'public.t', rows: 1 },
          { name: 'public.u', rows: 0 },
        ],
        replacesObjects: 1,
      }),
    );
    expect(await wholeOf(target.url)).toEqual(before);
    expect((await clone(context, { ...way, force: true }, async () => true)).done).not.toBe(null);
    expect((await wholeOf(target.url)).digests).toEqual((await wholeOf(source.url)).digests);
    // And again, over itself.
    await cloned(context);
    expect((await wholeOf(target.url)).digests).toEqual((await wholeOf(source.url)).digests);
  });
});

const refused = async (source: string, target: string) => {
  const { code, data } = await failure(cloned(contextOf(source, target)));
  expect(code).toBe('clone_refused');
  return 'faults' in data ? data.faults : [];
};

test('what speaks against it is said before anything is touched', async () => {
  await withPair(newest, oldest, async (source, target) => {
    expect(await refused(source.url, source.url)).toEqual(['they are the same database']);
    // By what the servers say, and not by the text of a URL.
    expect(await refused(source.url, source.socket)).toEqual(['they are the same database']);
    if (newest.major > oldest.major)
      expect(await refused(source.url, target.url)).toEqual([
        expect.stringMatching(new RegExp(`→ ${oldest.major}\\..*: target is older$`)),
      ]);
  });
  await withPair(newest, newest, async (source, target) => {
    const role = `clone_${process.pid}`;
    await rowsOf(source.url, `create role ${role}; create table t (id int); alter table t owner to ${role}`);
    const named = contextOf(source.url, target.url, protectedTarget(target.url, source.url));
    expect((await failure(cloned(named))).code).toBe('protected_target');
    expect((await cloned(named, { confirm: 'target' })).done?.tables).toEqual([
      { name: 'public.t', rows: 0 },
    ]);
    const owner = `select relowner::regrole::text as owner from pg_class where relname = 't'`;
    expect(await rowsOf(target.url, owner)).toEqual([{ owner: role }]);
    await cloned(contextOf(source.url, target.url), { noOwner: true });
    expect(await rowsOf(target.url, owner)).toEqual([{ owner: 'postgres' }]);
    await rowsOf(source.url, `drop table t`);
    await rowsOf(target.url, `drop table t; drop role ${role}`);
    const [latin] = await rowsOf<{ name: string }>(newest.url(), `select 'latin_${process.pid}' as name`);
    await rowsOf(
      newest.url(),
      `create database ${latin?.name} template template0 encoding latin1 locale 'C'`,
    );
    expect(await refused(source.url, newest.url(latin?.name))).toEqual([
      'source has UTF8, target has LATIN1. Make a target with this encoding:' +
        " CREATE DATABASE utf8_target TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
    ]);
    await rowsOf(newest.url(), `drop database ${latin?.name}`);
  });
});

const protectedTarget = (target: string, source: string) => ({
  environment: async (name = '') => ({
    name,
    url: name === 'target' ? target : source,
    protected: name === 'target',
  }),
});

test('roles are never made: whoever lacks them is told', async () => {
  if (oldest === newest) return;
  await withPair(oldest, newest, async (source, target) => {
    const role = `lacking_${process.pid}`;
    await rowsOf(source.url, `create role ${role}; create table t (id int); grant select on t to ${role}`);
    expect(await refused(source.url, target.url)).toEqual([
      `target does not have ${role}: create them there, or pass --no-owner, so that the cloning` +
        ' role owns every object',
    ]);
    expect((await cloned(contextOf(source.url, target.url), { noOwner: true })).done?.left).toEqual([]);
    // Until PostgreSQL 16 a range's multirange has an owner of its own.
    await rowsOf(target.url, `create role ${role}`);
    await rowsOf(source.url, `create type span as range (subtype = int); alter type span owner to ${role}`);
    expect((await cloned(contextOf(source.url, target.url))).done?.left).toEqual([]);
    await rowsOf(source.url, `drop owned by ${role}; drop role ${role}`);
    await rowsOf(target.url, `drop owned by ${role}; drop role ${role}`);
  });
});

test('extensions stay where they are wanted as they are, and rows of their tables come over', async () => {
  await withPair(newest, newest, async (source, target) => {
    const own = `create extension pg_trgm; create schema ext; create extension hstore schema ext;
      create table t (pairs ext.hstore); insert into t values ('a=>1')`;
    await rowsOf(source.url, own);
    await rowsOf(
      target.url,
      `create extension hstore; ${own.replace(/create schema.*/s, '')} create table t (pairs hstore)`,
    );
    const oids = `select extname::text as name, oid::text from pg_extension where extname = 'pg_trgm'`;
    const before = await rowsOf(target.url, oids);
    await cloned(contextOf(source.url, target.url));
    expect(await rowsOf(target.url, oids)).toEqual(before);
    const [a, b] = [await wholeOf(source.url), await wholeOf(target.url)];
    expect(b.digests).toEqual(a.digests);
    expect(diff(b.catalog, a.catalog, kinds)).toEqual({ added: [], removed: [], changed: [] });
  });
});

test('functions that find tables by the path, and read others, work while rows come and indexes are built', async () => {
  await withPair(oldest, newest, async (source, target) => {
    await rowsOf(
      source.url,
      `create schema own; create table own.allowed (n int); insert into own.allowed values (1), (2);
       do $$begin execute format('alter database %I set search_path = own, public',
       current_database()); end$$;
       create function own.is_allowed(int) returns boolean language plpgsql stable as
         $$begin return exists (select from allowed where n = $1); end$$;
       create function own.trimmed(text) returns text language sql immutable as 'select trim($1)';
       create function own.norm(text) returns text language plpgsql immutable as $$begin return
       lower(trimmed($1)); end$$`,
    );
    await rowsOf(
      source.url,
      `create table uses (n int check (is_allowed(n)), word text, plain text generated always as (norm(word))
        stored);
       insert into uses select 1 + n % 2, ' Word ' from generate_series(1, 5000) n`,
    );
    // Since 17 the server itself leaves the path out while it builds these (release notes of PostgreSQL
    // 17).
    if (newest.major < 17)
      await rowsOf(
        source.url,
        'create index on uses (norm(word)); create materialized view counted as select count(*)' +
          ' from uses where is_allowed(n)',
      );
    const { done } = await cloned(contextOf(source.url, target.url));
    expect(done).toMatchObject({ notes: [], left: [expect.stringContaining('SETTING search_path')] });
    expect((await wholeOf(target.url)).digests).toEqual((await wholeOf(source.url)).digests);
  });
});

test('what has no second one is left out, and said', async () => {
  await withPair(newest, newest, async (source, target) => {
    await rowsOf(
      source.url,
      `create table t (id int); insert into t values (1), (1);
       create subscription s connection 'dbname=nowhere' publication p with (connect = false);
       create materialized view m as select count(*) from t; insert into t values (2)`,
    );
    await rowsOf(source.url, 'create unique index concurrently twice on t (id)').catch(() => undefined);
    const { done } = await cloned(contextOf(source.url, target.url));
    expect(done?.left).toEqual([
      'INDEX public.twice: it is invalid',
      'SUBSCRIPTION s: it would take over the subscription of the source',
    ]);
    expect(done?.notes).toEqual(['materialized view public.m was refreshed and has other rows']);
  });
});
