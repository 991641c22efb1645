// A service with databases for the page: a source, targets, two that are protected, one that is gone.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { freePort, type Server } from '../servers/server.ts';
import { type RunningService, startService } from '../service/scene.ts';
import { type Gate, openGate } from './gate.ts';

/** The databases and the service that uses them. */
export interface PageScene {
  readonly service: RunningService;
  /** The line to the environment `shop`, whose table `events` has 30 MB. */
  readonly gate: Gate;
  readonly staging: Database;
  readonly prod: Database;
  close(): Promise<void>;
}

const users = 'create table users (id integer primary key, name text not null);';
const schema = `${users}\ncreate table events (id integer primary key, what text not null);\n`;

/** Makes the databases and starts the service. */
export async function openScene(server: Server): Promise<PageScene> {
  const made: Database[] = [];
  for (let count = 0; count < 4; count++) made.push(await freshDatabase(server));
  const [shop, staging, prod, vault] = made as [Database, Database, Database, Database];
  const rows = (count: number) =>
    `insert into users select i, 'user ' || i from pg_catalog.generate_series(1, ${count}) i;`;
  const events = `insert into events select i, repeat('x', 90) from pg_catalog.generate_series(1, 300000) i;`;
  await rowsOf(shop.socket, `${schema}${rows(2000)}${events}analyze;`);
  await rowsOf(staging.socket, schema + rows(10));
  await rowsOf(prod.socket, `${users}${rows(3)}create index users_name on users (name);`);
  const gate = await openGate(shop.url);
  const gone = `postgres://app@127.0.0.1:${await freePort()}/gone`;
  const service = await startService({
    environments: { shop: gate.url, staging: staging.url, prod: prod.url, vault: vault.url, gone },
    protects: ['vault'],
    serve: { allowTargets: ['prod'], maxStorage: '1GB' },
  });
  writeFileSync(join(service.root, 'schema.sql'), schema);
  return {
    service,
    gate,
    staging,
    prod,
    async close() {
      gate.close();
      await service.remove();
      for (const one of made) await one.drop();
    },
  };
}
