// What is promised of migrations: how long it takes to make, to prove and to apply them.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../lib/commands/generate.ts';
import { project as migrationProject } from '../test/project/project.ts';
import { derive } from '../test/project/workspace.ts';
import { query } from '../test/servers/server.ts';
import { twentyChanges } from './changes.ts';
import { type Measured, once, type Program, race } from './measure.ts';
import type { Desk, Part } from './parts.ts';
import type { Ratio } from './table.ts';

const { execPath: node } = process;
const count = 100;

/** Applying a hundred small migrations with `db:sync` against plain node-pg-migrate with the same files. */
export const apply: Part = async (desk) => {
  const { server, directory, rounds } = desk;
  const part = `apply ${count} ${server.major}`;
  const root = await smallMigrations(directory);
  const [theirs, ours] = ['theirs', 'ours'].map((name) => fresh(desk, `apply_${name}`));
  const program = join(import.meta.dirname, '../node_modules/node-pg-migrate/bin/node-pg-migrate.js');
  const plain: Program = {
    name: 'node-pg-migrate up',
    command: [node, program, 'up', '-m', join(root, 'migrations'), '--ignore-pattern', '.*\\.md'],
    ...theirs,
  };
  const own: Program = {
    name: 'db:sync',
    command: [node, desk.pgmage, 'db:sync', '--yes'],
    cwd: root,
    ...ours,
  };
  const cold = await once({
    ...own,
    name: 'db:sync, the first time',
    prepare: async () => {
      rmSync(join(root, '.pgmage'), { recursive: true, force: true });
      await own.prepare?.();
    },
  });
  const [a, b] = (await race([plain, own], rounds)) as [Measured, Measured];
  const values = b.times.map((time, round) => time / (a.times[round] as number));
  const ratio = { values, promise: '≤ 1.2 × node-pg-migrate', kept: (value: number) => value <= 1.2 };
  return [
    { part, measured: a },
    { part, measured: b, ratio },
    { part, measured: cold },
  ];
};

/**
 * Twenty objects changed in a schema of that name: the migration made and proven, and the whole of `db:sync`.
 */
export const generation =
  (name: string, limit: number): Part =>
  async (desk) => {
    const { server, directory, corpus, pgmage } = desk;
    const part = `${name} ${server.major}`;
    const root = join(directory, `${name}-migrations-${server.major}`);
    const schema = join(root, 'schema/schema.sql');
    const text = readFileSync(join(corpus, `${name}.sql`), 'utf8');
    mkdirSync(join(root, 'schema'), { recursive: true });
    cpSync(join(corpus, `${name}.sql`), schema);
    const base = `${name}_base`;
    await query(server.socket(), `create database ${base} template template0`);
    const variables = { DATABASE_URL: server.url(base) };
    const first = await once({
      name: 'db:sync, all of it from nothing',
      command: [node, pgmage, 'db:sync', '--yes'],
      cwd: root,
      variables,
    });
    const folder = join(root, 'migrations');
    const kept = new Set(readdirSync(folder));
    let turn = 0;
    // What was read of another text is known already, and nobody who has just changed it would find it so.
    const change = () => {
      for (const file of readdirSync(folder)) if (!kept.has(file)) rmSync(join(folder, file));
      writeFileSync(schema, `${text}\n${twentyChanges}\n-- ${turn++}\n`);
    };
    const making: Program = {
      name: 'db:generate, 20 objects',
      command: [node, pgmage, 'db:generate'],
      cwd: root,
      prepare: async () => change(),
    };
    const copy = fresh(desk, `${name}_changing`, base);
    const syncing: Program = {
      name: 'db:sync, 20 objects',
      command: [node, pgmage, 'db:sync', '--yes', '--force'],
      cwd: root,
      ...copy,
      prepare: async () => {
        change();
        await copy.prepare();
      },
    };
    const rounds = Math.min(desk.rounds, 3);
    const [made, synced] = (await race([making, syncing], rounds)) as [Measured, Measured];
    return [
      { part, measured: first },
      { part, measured: made },
      { part, measured: synced, ratio: within(limit, synced) },
    ];
  };

function within(seconds: number, { times }: Measured): Ratio {
  return {
    values: times.map((time) => time / 1000),
    promise: `< ${seconds} s`,
    kept: (value) => value < seconds,
  };
}

// A database that is made anew before each run.
function fresh({ server }: Desk, name: string, template = 'template0') {
  return {
    variables: { DATABASE_URL: server.url(name) },
    prepare: async () => {
      await query(server.socket(), `drop database if exists ${name}`);
      await query(server.socket(), `create database ${name} template ${template} strategy file_copy`);
    },
  };
}

const made = new Map<string, Promise<string>>();

// A project whose migrations are as small as most are: a table, a column, an index. Made once for all
// servers.
function smallMigrations(directory: string): Promise<string> {
  const known = made.get(directory) ?? makeMigrations(join(directory, 'small-migrations'));
  made.set(directory, known);
  return known;
}

async function makeMigrations(root: string): Promise<string> {
  const own = migrationProject(null, join(root, '.pgmage'));
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  // Plain node-pg-migrate runs nothing outside of transactions.
  await using context = derive(own.context, { version, online: false });
  const columns: string[] = [];
  const indexes: string[] = [];
  const schema = () => `create table notes (id bigint primary key${columns.join('')});\n${indexes.join('')}`;
  for (let number = 0; number < count; number++) {
    if (number % 2 === 1) columns.push(`, note_${number} text`);
    else if (number > 0) indexes.push(`create index on notes (note_${number - 1});\n`);
    own.want(schema());
    await generate(context);
  }
  mkdirSync(join(root, 'schema'), { recursive: true });
  writeFileSync(join(root, 'schema/schema.sql'), schema());
  cpSync(context.project.migrations, join(root, 'migrations'), { recursive: true });
  own.drop();
  return root;
}
