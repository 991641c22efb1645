// The contents of a dump file, loaded through a session of ours: pg_restore unpacks it, and decides nothing.
import type { ServerConnection } from '../pg/connect.ts';
import { type Client, runClient } from './client.ts';
import { Script, serverScript } from './script.ts';

/** How a dump is loaded. */
export interface Loading {
  readonly client: Client;
  readonly path: string;
  /** Leave owners and privileges to whoever loads it. */
  readonly noOwner: boolean;
  readonly signal: AbortSignal;
  /** Is told of each table before its rows come. */
  told(what: string): void;
}

/**
 * Loads a dump in the connection's transaction, and neither begins nor ends one. What it loads counts only once this has
 * returned: pg_restore has come to its end each time.
 * @throws Problem `client_failed`; of the statements and rows
 */
export async function loadArchive(connection: ServerConnection, loading: Loading): Promise<void> {
  await connection.execute(await textOf(connection, loading, 'pre-data'));
  await pg_restore(loading, 'data', async (output) => {
    const script = new Script(output);
    // Large objects are thousands of small statements.
    let waiting: string[] = [];
    let size = 0;
    const send = async () => {
      if (waiting.length > 0) await connection.execute(serverScript(waiting.join('\n'), connection.major));
      waiting = [];
      size = 0;
    };
    for (let sql = await script.statement(); sql !== null; sql = await script.statement()) {
      // The transaction is ours.
      if (sql === 'BEGIN;' || sql === 'COMMIT;') continue;
      const [, table] = /^COPY (.*?) +(?:\(.*\) )?FROM stdin;$/s.exec(sql) ?? [];
      if (table === undefined) {
        waiting.push(sql);
        size += sql.length;
        if (size > 1 << 20) await send();
        continue;
      }
      await send();
      loading.told(table);
      await connection.copyIn(sql.replace(/;$/, ''), script.rows());
    }
    await send();
  });
  await connection.execute(await textOf(connection, loading, 'post-data'));
}

async function textOf(connection: ServerConnection, loading: Loading, section: string): Promise<string> {
  const chunks: Buffer[] = [];
  await pg_restore(loading, section, async (output) => {
    for await (const chunk of output) chunks.push(chunk);
  });
  return serverScript(Buffer.concat(chunks).toString(), connection.major);
}

function pg_restore(
  { client, path, noOwner, signal }: Loading,
  section: string,
  take: (output: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const words = [
    `--section=${section}`,
    ...(noOwner ? ['--no-owner', '--no-privileges'] : []),
    '-f',
    '-',
    path,
  ];
  return runClient(client, 'pg_restore', words, {}, take, signal);
}
