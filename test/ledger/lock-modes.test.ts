// The holders of a lock are those whose modes conflict with the mode that is waited for.
import { expect, test, vi } from 'vitest';
import { buildConflict } from '../../lib/ledger/lock-modes.ts';
import { readLockWait } from '../../lib/ledger/session-waits.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

const modes =
  `access share/row share/row exclusive/share update exclusive/share/share row exclusive/exclusive/
access exclusive`
    .replaceAll('\n', '')
    .split('/');
const nameOf = (mode: string) =>
  `${mode.replace(/(?:^| )(.)/g, (_, first: string) => first.toUpperCase())}Lock`;

test('the modes that conflict are those of the server', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await query(url, 'create table t ()');
    const holding = await userSession({ url, applicationName: 'holding' });
    const asking = await userSession({ url, applicationName: 'asking' });
    for (const held of modes) {
      await holding.execute(`begin; lock table t in ${held} mode`);
      for (const asked of modes) {
        const isFree = await asking.execute(`begin; lock table t in ${asked} mode nowait`).then(
          () => true,
          () => false,
        );
        await asking.execute('rollback');
        const [row] = await rowsOf(
          url,
          `select ${buildConflict('a', 'b')} as conflict
            from (values ('${nameOf(held)}')) a (mode), (values ('${nameOf(asked)}')) b (mode)`,
        );
        expect([held, asked, row?.conflict]).toEqual([held, asked, !isFree]);
      }
      await holding.execute('rollback');
    }
    await holding.close();
    await asking.close();
  });
});

test('a prepared transaction that does not block is not a holder', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await query(url, 'create table t (id int)');
    const [reader, sharer] = [`reader ${process.pid}`, `sharer ${process.pid}`];
    await query(url, `begin; select from t; prepare transaction '${reader}'`);
    await query(url, `begin; lock table t in share mode; prepare transaction '${sharer}'`);
    const waiting = await userSession({ url, applicationName: 'waiting' });
    const looking = await userSession({ url, applicationName: 'looking' });
    const writing = waiting.execute('insert into t values (1)');
    try {
      const wait = await vi.waitUntil(() => readLockWait(looking, waiting.backend ?? 0), { timeout: 10_000 });
      expect(wait).toMatchObject({ lock: 'ROW EXCLUSIVE on t', holders: [{ prepared: sharer }] });
    } finally {
      for (const name of [reader, sharer]) await query(url, `rollback prepared '${name}'`);
      await writing;
      for (const session of [waiting, looking]) await session.close();
    }
  });
});
