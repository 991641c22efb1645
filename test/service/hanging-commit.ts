// A server whose COMMIT hangs until it is released: it waits for a standby that there is none of.
import { setTimeout } from 'node:timers/promises';
import { type Database, rowsOf } from '../servers/databases.ts';
import { type OwnServer, query, startServer } from '../servers/server.ts';

/** The server. */
export interface HangingServer {
  readonly server: OwnServer;
  /** Its database, with an empty table. */
  readonly target: Database;
  /** Lets COMMIT hang again. */
  hang(): Promise<void>;
  /** Waits until a COMMIT hangs. @throws Error after a minute */
  untilHanging(): Promise<void>;
  /** Lets COMMIT end. */
  release(): Promise<void>;
}

/**
 * Works with such a server.
 * @param which a major version of the npm packages, or a folder of programs
 */
export async function withHangingCommit(
  which: number | string,
  work: (hanging: HangingServer) => Promise<void>,
): Promise<void> {
  const server = await startServer(which);
  const set = async (name: string) => {
    await query(server.socket(), `alter system set synchronous_standby_names = '${name}'`);
    await query(server.socket(), 'select pg_reload_conf()');
    await setTimeout(500);
  };
  const url = server.url('target');
  const waiting = `select pid from pg_stat_activity where wait_event = 'SyncRep'`;
  try {
    await query(server.socket(), 'create database target');
    await query(server.socket(), 'alter database target set synchronous_commit = on');
    await set('nobody');
    await query(url, 'set synchronous_commit = off; create table users (id int primary key, name text)');
    await work({
      server,
      target: { name: 'target', url, socket: server.socket('target'), drop: async () => undefined },
      hang: () => set('nobody'),
      untilHanging: async () => {
        for (let waited = 0; (await rowsOf(server.url(), waiting)).length === 0; waited += 50) {
          if (waited > 60_000) throw new Error('no COMMIT hangs');
          await setTimeout(50);
        }
      },
      release: () => set(''),
    });
  } finally {
    await server.stop();
  }
}
