// What a command may write to: nothing protected without its name, and no embedded database that nobody
// meant.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { dropOld } from '../../lib/commands/clone-drop-old.ts';
import { pull } from '../../lib/commands/pull.ts';
import { push } from '../../lib/commands/push.ts';
import { restore } from '../../lib/commands/restore.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { repair } from '../../lib/commands/verify-repair.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import type { Target } from '../../lib/project/world.ts';
import { failure } from '../failure.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { freshCache } from './cache.ts';
import { type Project, withProject } from './project.ts';
import { derive } from './workspace.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const yes = { yes: true, force: true };

/** The same project with these environments; the first is the default one. */
function withEnvironments({ context }: Project, targets: readonly Target[]): Workspace {
  return derive(context, {
    environment: async (name = targets[0]?.name ?? '') => targets.find((one) => one.name === name) as Target,
    protectedEnvironments: async () => targets.filter((one) => one.protected),
  });
}

interface Names {
  readonly env?: string;
  readonly confirm?: string;
}

/** Every command that writes to the environment that is the default, or that is named. */
const writers: readonly (readonly [string, (context: Workspace, names: Names) => Promise<unknown>])[] = [
  ['db:sync', (context, names) => sync(context, { ...yes, ...names }, undefined)],
  ['db:sync --baseline', (context, names) => sync(context, { ...yes, baseline: true, ...names }, undefined)],
  ['db:rollback', (context, names) => rollback(context, { ...yes, ...names }, undefined)],
  ['db:verify --repair', (context, names) => repair(context, { ...yes, ...names }, undefined)],
  [
    'db:pull --baseline',
    (context, names) => pull(context, { force: true, baseline: true, ...names }, undefined),
  ],
];

test('a protected default environment is written to only by its name', () =>
  withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      const context = withEnvironments(own, [{ name: 'prod', url, protected: true }]);
      own.want('create table a (id int);');
      for (const [, write] of writers)
        for (const names of [{}, { confirm: 'other' }])
          expect(await failure(write(context, names))).toMatchObject({ code: 'protected_target' });
      expect(own.files).toThrow();
      expect(await rowsOf(url, `select to_regclass('a') as a, to_regnamespace('pgmage') as b`)).toEqual([
        { a: null, b: null },
      ]);
      await sync(context, { ...yes, env: 'prod' }, undefined);
      await rollback(context, { ...yes, confirm: 'prod' }, undefined);
      expect(await rowsOf(url, `select to_regclass('a') as a`)).toEqual([{ a: null }]);
    }),
  ));

test('another way to the database of a protected environment needs its name, too', () =>
  withDatabase(anyServer(), ({ url, socket }) =>
    withProject(url, cache, async (own) => {
      const context = withEnvironments(own, [
        { name: 'local', url: socket, protected: false },
        { name: 'prod', url, protected: true },
      ]);
      own.want('create table a (id int);');
      const ends = { from: anyServer().url('postgres'), to: socket, ...yes };
      const made = await backup(context, { env: 'prod', engine: 'native' });
      const all: typeof writers = [
        ...writers,
        ['db:clone', (one, names) => clone(one, { ...ends, ...names }, undefined)],
        ['db:clone --drop-old', (one, names) => dropOld(one, { to: socket, ...yes, ...names }, undefined)],
        ['db:restore', (one, names) => restore(one, made.file, { to: 'local', ...yes, ...names }, undefined)],
      ];
      const pushed = await failure(push(context, yes, undefined));
      expect([pushed.code, pushed.message]).toEqual([
        'push_refused',
        'Cannot push to local: its database is also that of prod, which is protected',
      ]);
      for (const [name, write] of all) {
        const problem = await failure(write(context, {}));
        expect([name, problem.code]).toEqual([name, 'protected_target']);
        expect(problem.message).toMatch(/ is the database of prod, which is protected$/);
        expect(problem.hint).toContain('--confirm prod');
      }
      expect(await rowsOf(url, `select to_regclass('a') as a, to_regnamespace('pgmage') as b`)).toEqual([
        { a: null, b: null },
      ]);
      await sync(context, { ...yes, confirm: 'prod' }, undefined);
      expect(await rowsOf(url, `select to_regclass('a')::text as a`)).toEqual([{ a: 'a' }]);
    }),
  ));

test('another way by a role with a time zone of its own needs its name, too', () =>
  withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      await rowsOf(
        url,
        `create role far login superuser password 'far'; alter role far set timezone = 'Asia/Tokyo'`,
      );
      const other = new URL(url);
      other.username = 'far';
      other.password = 'far';
      const context = withEnvironments(own, [
        { name: 'local', url: String(other), protected: false },
        { name: 'prod', url, protected: true },
      ]);
      own.want('create table a (id int);');
      try {
        expect(await failure(sync(context, yes, undefined))).toMatchObject({ code: 'protected_target' });
        expect(await rowsOf(url, `select to_regclass('a') as a`)).toEqual([{ a: null }]);
      } finally {
        await rowsOf(url, 'drop owned by far; drop role far');
      }
    }),
  ));

test('a protected environment that does not answer is recognized by host, port and database', () =>
  withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      const wrong = new URL(url);
      wrong.username = 'nobody_there';
      const other = new URL(wrong);
      other.pathname = '/other';
      for (const [prod, code] of [
        [wrong, 'protected_target'],
        [other, undefined],
      ] as const) {
        const context = withEnvironments(own, [
          { name: 'local', url, protected: false },
          { name: 'prod', url: prod.href, protected: true },
        ]);
        own.want('create table a (id int);');
        const work = sync(context, yes, undefined);
        if (code === undefined) expect((await work).applied).toHaveLength(1);
        else expect(await failure(work)).toMatchObject({ code });
      }
    }),
  ));

test('without a terminal, the embedded database is written to only where it is meant', () =>
  withProject(null, cache, async (own) => {
    const fallback = { name: 'local', url: null, protected: false, fallback: true };
    const context = withEnvironments(own, [fallback]);
    own.want('create table a (id int);');
    for (const [, write] of writers)
      expect(await failure(write(context, {}))).toMatchObject({
        code: 'embedded_not_named',
        exitCode: 64,
        hint: expect.stringContaining('Without a terminal, pgmage writes to the embedded database only if'),
      });
    expect(own.files).toThrow();
    // On a terminal there is somebody who sees what is meant.
    expect((await sync(context, {}, async () => true)).applied).toHaveLength(1);
    expect((await rollback(context, { ...yes, env: 'local' }, undefined)).done).toBe(true);
    const configured = withEnvironments(own, [{ name: 'local', url: null, protected: false }]);
    expect((await sync(configured, yes, undefined)).applied).toHaveLength(1);
  }));
