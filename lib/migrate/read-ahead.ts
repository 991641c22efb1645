// The content of a target, read while the shadow loads the schema. It counts only while no transaction has
// ended on the server since, so the session that changes the target need not read it again.
import { readCatalog } from '../catalog/read.ts';
import { kinds } from '../kinds/index.ts';
import type { LedgerPosition } from '../ledger/position.ts';
import { type Ledger, readLedger } from '../ledger/tables.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import { readForeignPosition } from '../project/foreign-migrations.ts';
import { openDatabase, watchClient } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';

/** The content of a target, read in one snapshot. */
export interface TargetContent {
  readonly ledger: Ledger;
  readonly actual: Catalog;
  /** The position by the ledger of another tool; undefined: the project is not laid out for one. */
  readonly foreign: LedgerPosition | undefined;
}

/** The content, and the moment before it was read (`momentOf`). */
export interface EarlyContent extends TargetContent {
  readonly moment: string;
}

/** A reading that goes on beside other work; disposing it ends its session. */
export interface ReadAhead extends AsyncDisposable {
  /**
   * null: it was not or could not be read. It is there when its session is closed: wait for it before another
   * session is opened, because a role may have one only.
   */
  readonly content: Promise<EarlyContent | null>;
}

/** Reads the content of a target. @throws Problem of the connection */
export async function readContent(
  { project: { layout } }: Workspace,
  connection: Connection,
  files: readonly MigrationFile[],
): Promise<TargetContent> {
  // Read in one snapshot, because another session may be at work.
  return snapshot(connection, async (reader) => ({
    ledger: await readLedger(reader),
    actual: await readCatalog(reader, kinds),
    foreign: layout && (await readForeignPosition(reader, layout, files)),
  }));
}

/**
 * Opens a session on a target and begins to read it there, unless it is the embedded database or schemas of
 * one. No failure of the reading is thrown: the session that needs the content meets it again.
 * @throws Problem of the connection
 */
export async function readAhead(workspace: Workspace, target: Target): Promise<ReadAhead> {
  const { url, schemas } = target;
  const end = new AbortController();
  const connection = url === null ? null : await openDatabase({ ...target, url, signal: end.signal });
  const reading = connection && readEarly(workspace, connection, schemas === undefined);
  const content = (reading ?? Promise.resolve(null)).catch(() => null);
  const dispose = async () => {
    // A lock of another session can block it for long.
    end.abort();
    await content;
  };
  return { content, [Symbol.asyncDispose]: dispose };
}

async function readEarly(
  workspace: Workspace,
  connection: Connection,
  isWhole: boolean,
): Promise<EarlyContent | null> {
  try {
    await watchClient(connection);
    const moment = isWhole ? await momentOf(connection) : null;
    return moment === null ? null : { ...(await readContent(workspace, connection, [])), moment };
  } finally {
    await connection.close();
  }
}

/**
 * The moment of a server: the same while no writing transaction ends; null: several are at work. Each has a
 * number. Those below the lowest open one have ended, those from the next one on have not begun (manual:
 * System Information Functions, pg_snapshot).
 */
export async function momentOf(connection: Connection): Promise<string | null> {
  const [row] = await queryPinned<{ moment: string | null }>(
    connection,
    `select case when pg_snapshot_xmin(s) = pg_snapshot_xmax(s) then pg_snapshot_xmax(s)::text end as moment
       from pg_current_snapshot() s`,
  );
  return row?.moment ?? null;
}
