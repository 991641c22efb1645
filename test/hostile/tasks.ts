// Every task, as a superuser would run it on a database that somebody else owns.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BackupInput, backup } from '../../lib/commands/backup.ts';
import { clone } from '../../lib/commands/clone.ts';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataHistory } from '../../lib/commands/data-history.ts';
import { type DataSyncInput, dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { dataVerify } from '../../lib/commands/data-verify.ts';
import { difference } from '../../lib/commands/diff.ts';
import { generate } from '../../lib/commands/generate.ts';
import { history } from '../../lib/commands/history.ts';
import { pull } from '../../lib/commands/pull.ts';
import { push } from '../../lib/commands/push.ts';
import { restore } from '../../lib/commands/restore.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { derive } from '../project/workspace.ts';

/** A task by its name and options. */
export interface Task {
  readonly name: string;
  run(): Promise<unknown>;
}

const consent = { yes: true, force: true };

/**
 * Tasks on a schema beside the hostile one, in the order in which they make sense.
 * @param context its environment `prod` is the hostile database
 */
export function schemaTasks(context: Workspace): Task[] {
  const env = 'prod';
  const beside = derive(context, {
    ignore: { schemas: ['hh', 'shop', 'shut', 'pgmage'], objects: ['cast:*'] },
  });
  // As a database of development, which is the only one that can be pushed to.
  const unprotected = derive(beside, {
    environment: async (name) => ({ ...(await beside.world.environment(name)), protected: false }),
    protectedEnvironments: async () => [],
  });
  const want = (sql: string) => writeFileSync(context.project.schema, sql);
  const first = 'create table public.users (id integer primary key);';
  return [
    {
      name: 'db:pull',
      run: () => pull(context, { from: env, out: join(context.project.root, 'pulled.sql') }, undefined),
    },
    { name: 'db:diff', run: () => difference(context, { from: env, to: 'empty' }) },
    {
      name: 'db:generate',
      run: () => {
        want(first);
        return generate(beside);
      },
    },
    { name: 'db:status', run: () => status(beside, { env }) },
    { name: 'db:sync', run: () => sync(beside, { env, ...consent }, undefined) },
    {
      name: 'db:sync of a second migration',
      run: async () => {
        want(`${first} create index on public.users (id); comment on table public.users is 'people';`);
        await generate(beside);
        return sync(beside, { env, ...consent }, undefined);
      },
    },
    { name: 'db:verify', run: () => verify(beside, { env }) },
    { name: 'db:history', run: () => history(beside, { env }) },
    { name: 'db:rollback', run: () => rollback(beside, { env, ...consent }, undefined) },
    { name: 'db:status of what is behind', run: () => status(beside, { env }) },
    {
      name: 'db:push',
      run: async () => {
        await sync(beside, { env, ...consent }, undefined);
        want(`${first} create table public.pushed (id integer primary key);`);
        return push(unprotected, { env, ...consent }, undefined);
      },
    },
  ];
}

/**
 * Tasks that read all of it.
 * @param context its environment `prod` is the hostile database, `copy` another one that the same role owns
 * @param withClient whether a pg_dump is at hand for its server
 * @param empty deletes rows of the copy
 */
export function dataTasks(context: Workspace, withClient: boolean, empty: () => Promise<unknown>): Task[] {
  const to = { to: 'copy', confirm: 'copy', ...consent };
  const from = { from: 'prod', ...to };
  const mask = ['shop.goods.note=@hash', 'shop.goods.word=@text'];
  const cloned = (name: string, how: Partial<Parameters<typeof clone>[1]>): Task => ({
    name: `db:clone ${name}`,
    run: () => clone(context, { ...from, ...how }, undefined),
  });
  const formats = ['native', ...(withClient ? (['custom', 'directory', 'plain'] as const) : [])] as const;
  const saved = formats.flatMap((format): Task[] => {
    let file = '';
    const how: BackupInput =
      format === 'native'
        ? { env: 'prod', engine: 'native', drill: true }
        : { env: 'prod', engine: 'pg_dump', format };
    return [
      {
        name: `db:backup --format ${format}${format === 'native' ? ' --drill' : ''}`,
        run: async () => {
          file = (await backup(context, how)).file;
        },
      },
      { name: `db:restore of ${format}`, run: () => restore(context, file, to, undefined) },
    ];
  });
  return [
    cloned('--engine native', { engine: 'native' }),
    cloned('--data-only', { engine: 'native', dataOnly: true }),
    {
      name: 'data:diff',
      run: () => dataDiff(context, { from: 'prod', to: 'copy', mask, rows: true, columns: true }),
    },
    {
      name: 'data:diff the other way',
      run: () => dataDiff(context, { from: 'copy', to: 'prod', rows: true }),
    },
    { name: 'data:verify', run: () => dataVerify(context, { from: 'prod', to: 'copy' }) },
    { name: 'data:sync', run: () => dataSync(context, { ...from, keepDeleted: true }, undefined) },
    ...writingTasks(context, from, empty),
    { name: 'data:history', run: () => dataHistory(context, { env: 'copy' }) },
    cloned('--mask', { engine: 'native', mask }),
    ...(withClient ? [cloned('--engine pipe', { engine: 'pipe' })] : []),
    cloned('--swap', { swap: true, dropOld: true }),
    ...saved,
  ];
}

// Rows that a sync writes, and an undo deletes and writes again.
function writingTasks(context: Workspace, from: DataSyncInput, empty: () => Promise<unknown>): Task[] {
  const runs: string[] = [];
  const undo = async () => {
    const input = { env: 'copy', confirm: 'copy', ...consent };
    runs.push((await dataUndo(context, runs.pop() ?? '', input, undefined)).id);
  };
  return [
    {
      name: 'data:sync of rows that are missing',
      run: async () => {
        await empty();
        const { run } = await dataSync(context, { ...from, keepDeleted: true }, undefined);
        if (run === null || run.inserted === 0) throw new Error('it has no rows to write');
        runs.push(run.id);
      },
    },
    { name: 'data:undo', run: undo },
    { name: 'data:undo of an undo', run: undo },
  ];
}
