// Whether a real product's schema goes through pgmage unchanged: written out from nothing and undone, read as
// in sync, and pulled into a file that psql loads.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pull } from '../../lib/commands/pull.ts';
import { plan, script, status } from '../../lib/index.ts';
import { openProgram } from '../../lib/runner/program.ts';
import { differences, reordered } from '../proof/comparison.ts';
import { copySchema, dump, dumpDifferences, loadByPsql, pgDump, runByPsql } from '../proof/dump.ts';
import { Observer } from '../proof/observer.ts';
import { describe, load, withSession } from '../proof/session.ts';
import { type Database, withDatabase } from '../servers/databases.ts';
import type { Server } from '../servers/server.ts';

/** What differs, by judge; empty: nothing. */
export type Findings = Readonly<Record<string, readonly string[]>>;

/** A server with what its proofs have in common. */
export interface Desk {
  readonly server: Server;
  readonly observer: Observer;
  readonly pgDump: string | null;
}

/** Prepares a server: makes the roles that the schemas mention. */
export async function deskOn(server: Server, roles: string): Promise<Desk> {
  const observer = await withDatabase(server, ({ socket }) =>
    withSession(socket, async (session) => {
      await load(session, roles);
      return Observer.learn(session);
    }),
  );
  return { server, observer, pgDump: pgDump(server.major) };
}

/** The scripts that make a schema from nothing, and nothing of it. */
export interface Scripts {
  readonly up: string;
  readonly down: string;
}

/** Plans both ways by way of the embedded shadow. Throws Problem. */
export async function scriptsFor(file: string): Promise<Scripts> {
  const directory = mkdtempSync(join(tmpdir(), 'pgmage-corpus-'));
  try {
    const { up, down } = await plan({ from: 'empty', to: file, cwd: directory, variables: {} });
    return { up: await script(up), down: await script(down) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Judges one schema on one server. */
export async function examine(desk: Desk, file: string, { up, down }: Scripts): Promise<Findings> {
  return withDatabase(desk.server, (wanted) =>
    withDatabase(desk.server, async (reached) => {
      try {
        await withSession(wanted.socket, (session) => load(session, readFileSync(file, 'utf8')));
      } catch (thrown) {
        return { 'not loadable': [describe(thrown)] };
      }
      const drift = await driftOf(wanted, file).catch((thrown) => [describe(thrown)]);
      const pulled = await pulledBack(desk, wanted);
      try {
        await runByPsql(up, reached.socket);
      } catch (thrown) {
        return { 'out of sync': drift, ...pulled, 'script refused': [describe(thrown)] };
      }
      const judged = await judge(desk, reached, wanted);
      const left = await leftBehind(desk, reached, down);
      return { 'out of sync': drift, ...pulled, ...judged, 'left behind': left };
    }),
  );
}

// What is not as it was after the way back.
async function leftBehind({ observer }: Desk, { socket }: Database, down: string): Promise<string[]> {
  try {
    await runByPsql(down, socket);
  } catch (thrown) {
    return [describe(thrown)];
  }
  const seen = await withSession(socket, (session) => observer.observe(session));
  return differences(seen, observer.initial, observer.initial);
}

// Some objects do not survive pg_dump's own text: `varchar IN (…)` reads back otherwise each time. What
// differs is therefore compared again after one more dump and load of both.
async function judge(desk: Desk, reached: Database, wanted: Database): Promise<Findings> {
  const first = await compared(desk, reached, wanted);
  const program = desk.pgDump;
  if (program === null || Object.values(first).every((lines) => lines.length === 0)) return first;
  return withDatabase(desk.server, (again) =>
    withDatabase(desk.server, async (wantedAgain) => {
      try {
        await copySchema(program, reached.socket, again.socket);
        await copySchema(program, wanted.socket, wantedAgain.socket);
      } catch (thrown) {
        return { ...first, 'dump not loadable': [describe(thrown)] };
      }
      const second = await compared(desk, again, wantedAgain);
      return Object.values(second).every((lines) => lines.length === 0) ? {} : first;
    }),
  );
}

/**
 * What differs once the schema of a database was pulled, as a file and as a folder, and psql has loaded each
 * into an empty database.
 */
export async function pulledBack(desk: Desk, source: Database): Promise<Findings> {
  const directory = mkdtempSync(join(tmpdir(), 'pgmage-corpus-'));
  const findings: Record<string, readonly string[]> = {};
  try {
    await using context = await openProgram({ cwd: directory, variables: {} });
    for (const [out, split, main] of [
      ['pulled.sql', false, 'pulled.sql'],
      ['pulled', true, 'pulled/load.psql'],
    ] as const) {
      await pull(context, { from: source.url, out, split }, undefined);
      await withDatabase(desk.server, async (loaded) => {
        await loadByPsql(join(directory, main), loaded.socket);
        for (const [by, lines] of Object.entries(await judge(desk, loaded, source)))
          findings[`${main}, ${by}`] = lines;
      });
    }
    return findings;
  } catch (thrown) {
    return { ...findings, 'not pulled': [describe(thrown)] };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What the independent judges find to differ between two databases of one server. */
export async function compared(
  { observer, pgDump }: Desk,
  reached: Database,
  wanted: Database,
): Promise<Findings> {
  const seen = (database: Database) => withSession(database.socket, (session) => observer.observe(session));
  const [a, b] = [await seen(reached), await seen(wanted)];
  const order = reordered(a, b).map((table) => `${table} has its columns in another order`);
  const [x, y] =
    pgDump === null ? [[], []] : [await dump(pgDump, reached.socket), await dump(pgDump, wanted.socket)];
  return {
    'observer differs': [...differences(a, b, observer.initial), ...order],
    'dump differs': dumpDifferences(x, y),
  };
}

async function driftOf(database: Database, file: string): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'pgmage-corpus-'));
  try {
    mkdirSync(join(directory, 'schema'));
    writeFileSync(join(directory, 'schema/schema.sql'), readFileSync(file));
    const report = await status({ cwd: directory, variables: { DATABASE_URL: database.url } });
    const changes = report.changes.map((change) => JSON.stringify(change));
    return report.inSync && changes.length === 0 ? [] : changes;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
