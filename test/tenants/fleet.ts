// A fleet of databases with one project, as a person who has tenants works with it: by processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Workspace } from '../../lib/project/workspace.ts';
import { openProgram } from '../../lib/runner/program.ts';
import { makeProject, type Project } from '../program/project.ts';
import { rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';

const program = join(import.meta.dirname, '../../bin/pgmage.cjs');
let made = 0;

/** The result of a run. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly log: string;
}

/** A tenant in the list of the registry. */
export interface Listed {
  readonly name: string | null;
  readonly url?: string;
  readonly database?: string;
}

/** Databases of one prefix, a registry that lists them, and a project. */
export interface Fleet {
  readonly project: Project;
  /** The prefix of the databases. */
  readonly prefix: string;
  /** The URL of a tenant's database. */
  url(name: string): string;
  /** Runs SQL in a tenant's database. */
  rows<Row extends object>(name: string, sql: string): Promise<Row[]>;
  /** Writes the configuration of the environment `shops`, and more of the whole. */
  configure(shops: string, more?: string): void;
  /** Writes the wanted schema. */
  want(schema: string): void;
  /** Fills the registry. */
  list(tenants: readonly Listed[]): Promise<void>;
  /** Removes the migrations and what was derived. */
  forget(): void;
  /** A workspace of this process; the configuration must stay as it is. */
  open(): Promise<Workspace>;
  pgmage(words: string): Promise<Ran>;
  /** What a run prints with --json. */
  json<Facts>(words: string): Promise<{ readonly code: number; readonly facts: Facts }>;
  /** Starts a run that is interrupted later. */
  start(words: string): { readonly child: ChildProcess; readonly ended: Promise<Ran> };
  drop(): Promise<void>;
}

/** The table of the first migration. */
export const users = 'create table users (id int primary key, name text);';

/** Makes a database for each name, and the registry that lists all of them. */
export async function openFleet(names: readonly string[], server = anyServer()): Promise<Fleet> {
  made += 1;
  const prefix = `fleet_${process.pid}_${made}`;
  const all = ['registry', ...names].map((name) => `${prefix}_${name}`);
  for (const name of all)
    await query(server.socket(), `create database ${name} template template0 strategy file_copy`);
  const registry = server.url(`${prefix}_registry`);
  await query(
    registry,
    'create table tenants (at int generated always as identity, name text, url text,' + ' database text)',
  );
  const project = await makeProject();
  const url = (name: string) => server.url(`${prefix}_${name}`);
  const ran = async (words: string): Promise<Ran> => {
    const found = await project.pgmage(words);
    expect(found.out + found.log).not.toContain(server.password);
    return found;
  };
  const fleet: Fleet = {
    project,
    prefix,
    url,
    rows: (name, sql) => rowsOf(url(name), sql),
    configure(shops, more = '') {
      const place = `url: '${registry}', ${shops}`;
      project.write({
        'package.json': '{}',
        'pgmage.config.mjs': `export default { environments: { shops: { ${place} } }, ${more} };\n`,
      });
    },
    want: (schema) => project.write({ 'schema/schema.sql': schema }),
    async list(tenants) {
      await query(registry, 'truncate tenants');
      for (const { name, url: own, database } of tenants)
        await query(
          registry,
          `insert into tenants (name, url, database) values (${[name, own, database].map(text).join()})`,
        );
    },
    forget() {
      for (const folder of ['migrations', '.pgmage/cache/catalogs'])
        rmSync(join(project.root, folder), { recursive: true, force: true });
    },
    open: () => openProgram({ cwd: project.root, variables: {}, shadow: 'embedded' }),
    pgmage: ran,
    async json(words) {
      const { code, out } = await ran(`${words} --json`);
      expect(out.trim().split('\n')).toHaveLength(1);
      return { code, facts: JSON.parse(out) };
    },
    start: (words) => start(project.root, words),
    async drop() {
      project.remove();
      for (const name of all) await query(server.socket(), `drop database if exists ${name} with (force)`);
    },
  };
  fleet.configure(byDatabase);
  fleet.want(users);
  await fleet.list(names.map((name) => ({ name, database: `${prefix}_${name}` })));
  return fleet;
}

/** The configuration that lists the tenants of the registry by their databases. */
export const byDatabase = `each: 'select name, database from tenants order by at'`;

const text = (value: string | null | undefined) =>
  value === null || value === undefined ? 'null' : `'${value.replaceAll("'", "''")}'`;

function start(cwd: string, words: string): { child: ChildProcess; ended: Promise<Ran> } {
  const child = spawn(process.execPath, [program, ...words.split(' ')], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const said = { out: '', log: '' };
  child.stdout?.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    said.log += chunk;
  });
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, ...said }))),
  };
}
