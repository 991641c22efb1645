// A server whose COMMIT hangs until it is released: it waits for a standby that there is none of.
import { setTimeout } from 'node:timers/promises';
import { type Database, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query, startServer } from '../servers/server.ts';

/** The server. */
export interface HangingServer {
  /** Its database, with an empty table. */
  readonly target: Database;
  /** Waits until a COMMIT hangs. */
  untilHanging(): Promise<void>;
  /** Lets COMMIT end. */
  release(): Promise<void>;
}

/** Works with such a server. */
export async function withHangingCommit(work: (hanging: HangingServer) => Promise<void>): Promise<void> {
  const server = await startServer(anyServer().major);
  const set = async (name: string) => {
    await query(server.socket(), `alter system set synchronous_standby_names = '${name}'`);
    await query(server.socket(), 'select pg_reload_conf()');
    await setTimeout(500);
  };
  const url = server.url('target');
  const waiting = `select pid from pg_stat_activity where wait_event = 'SyncRep' and datname = 'target'`;
  try {
    await query(server.socket(), 'create database target');
    await query(server.socket('target'), 'alter database target set synchronous_commit = on');
    await set('nobody');
    await query(url, 'set synchronous_commit = off; create table users (id int primary key, name text)');
    await work({
      target: { name: 'target', url, socket: server.socket('target'), drop: async () => undefined },
      untilHanging: async () => {
        while ((await rowsOf(server.url(), waiting)).length === 0) await setTimeout(50);
      },
      release: () => set(''),
    });
  } finally {
    await server.stop();
  }
}
