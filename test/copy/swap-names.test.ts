// The exchange of two names counts every session that it ends.
import { expect, test } from 'vitest';
import { swapNames } from '../../lib/copy/swap/names.ts';
import type { Connection } from '../../lib/pg/connection.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf } from '../servers/databases.ts';
import { newest, withPair } from './ways.ts';

test('a session that comes after the others were listed', async () => {
  await withPair(newest, newest, async (sibling, target) => {
    const kept = `${target.name}_kept`;
    const waiting = rowsOf(target.socket, 'select pg_sleep(60)').catch((error: Error) => error.message);
    const ended = await withSession(newest.socket(), (keeper) =>
      withSession(newest.socket(), async (other) => {
        let lists = 0;
        const rows: Connection['rows'] = async (sql) => {
          const found = await other.rows(sql);
          lists += 1;
          return (lists === 1 ? [] : found) as never;
        };
        const late = { execute: (sql: string) => other.execute(sql), rows } as Connection;
        const names = { target: target.name, sibling: sibling.name, kept, time: 'now', own: null };
        const last = { mark: { id: null }, onEnding: () => undefined };
        return swapNames(keeper, late, { ...names, ...last }, async () => undefined);
      }),
    );
    expect(ended).toBe(1);
    expect(await waiting).toContain('terminating connection');
    await rowsOf(newest.socket(), `alter database ${kept} rename to ${sibling.name}`);
  });
});
