// A COMMIT whose answer is lost: the next try finds by pgmage.data_runs whether the run is done.
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dataHistory } from '../../lib/commands/data-history.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';

/** When the server hears the COMMIT of the run. */
type Heard = 'at once' | 'never' | 'when the next try asks for the lock';

interface Way {
  readonly url: string;
  wasCut(): boolean;
  close(): Promise<void>;
}

/** A way to a server that loses the client of the session which records a done run, at its COMMIT. */
async function lossyWay(url: string, heard: Heard): Promise<Way> {
  const { hostname, port } = new URL(url);
  const all = new Set<Socket>();
  let late: (() => Promise<void>) | null = null;
  let wasCut = false;
  const listener = createServer((client) => {
    const server = createConnection(Number(port), hostname);
    let isDone = false;
    let isCut = false;
    for (const socket of [client, server]) all.add(socket.on('error', () => undefined));
    client.on('close', () => isCut || server.end());
    server.on('close', () => client.end());
    server.on('data', (chunk: Buffer) => client.destroyed || client.write(chunk));
    const pass = async (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      isDone ||= /insert into pgmage\.data_runs.*'done'/s.test(text);
      if (!wasCut && isDone && /\bcommit\0/.test(text)) {
        wasCut = isCut = true;
        if (heard === 'at once') server.write(chunk);
        else if (heard === 'never') server.resetAndDestroy();
        else
          late = async () => {
            server.write(chunk);
            await setTimeout(200);
            server.destroy();
            await setTimeout(200);
          };
        // The answer gets lost, however soon it comes.
        server.removeAllListeners('data');
        await setTimeout(heard === 'at once' ? 200 : 0);
        if (late === null) server.destroy();
        client.resetAndDestroy();
        return;
      }
      if (/pg_try_advisory_lock/.test(text) && late !== null) {
        const act = late;
        late = null;
        await act();
      }
      if (!server.destroyed) server.write(chunk);
    };
    let work = Promise.resolve();
    client.on('data', (chunk: Buffer) => {
      work = work.then(() => pass(chunk));
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const there = new URL(url);
  there.port = String((listener.address() as AddressInfo).port);
  there.searchParams.set('sslmode', 'disable');
  return {
    url: there.href,
    wasCut: () => wasCut,
    close: async () => {
      for (const socket of all) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

const tables =
  'create table t (id int primary key, v text); insert into t select n, n from generate_series(1, 50) n';
const all = 'select * from t order by id';

test.each<Heard>(['at once', 'never', 'when the next try asks for the lock'])(
  'the server hears the COMMIT %s',
  async (heard) => {
    const root = mkdtempSync(join(tmpdir(), 'pgmage-commit-'));
    await withPair(newest, newest, async (source, target) => {
      for (const { url } of [source, target]) await rowsOf(url, tables);
      await rowsOf(source.url, `update t set v = 'new' where id <= 7; delete from t where id = 50`);
      const before = await rowsOf(target.url, all);
      const way = await lossyWay(target.url, heard);
      await using workspace = contextOf(source.url, way.url, { root });
      const report = await dataSync(workspace, { from: 'source', to: 'target', yes: true }, undefined);
      await way.close();
      expect(way.wasCut()).toBe(true);
      expect(report.retries.map(({ code }) => code)).toEqual(['connection_lost']);
      // The report is that of the run, though its answer never came.
      expect(report.run).toMatchObject({ inserted: 0, updated: 7, deleted: 1, skipped: 0 });
      expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
      const done = `select id::text, updated::int from pgmage.data_runs where outcome = 'done'`;
      expect(await rowsOf(target.url, done)).toEqual([{ id: report.run?.id, updated: 7 }]);
      await using direct = contextOf(source.url, target.url, { root });
      const { runs } = await dataHistory(direct, { env: 'target' });
      expect(runs).toMatchObject([{ id: report.run?.id, outcome: 'done', canUndo: true }]);
      await dataUndo(direct, report.run?.id ?? '', { env: 'target', yes: true }, undefined);
      expect(await rowsOf(target.url, all)).toEqual(before);
    });
    rmSync(root, { recursive: true });
  },
);
