// A write to another database, while the list of protected tenants is late or cannot be read.
import { expect, test, vi } from 'vitest';
import type { World } from '../../lib/project/world.ts';
import { findProtected } from '../../lib/project/write-access.ts';
import { makeEnvironments } from '../../lib/runner/environments.ts';
import { frozenWay } from '../pg/frozen.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

vi.setConfig({ testTimeout: 60_000 });

const local = { name: 'local', url: 'postgres://127.0.0.1:1/own', protected: false };

// What a write to `local` knows of the protected tenants, and how long it takes.
async function look(url: string) {
  const notes: string[] = [];
  const shops = { url, protected: true, each: 'select name, database from shops' };
  const config = { environments: { shops } };
  const world = {
    ...makeEnvironments({ root: import.meta.dirname, config, variables: {} }),
    note: (message: string) => void notes.push(message),
  } as unknown as World;
  const started = Date.now();
  const found = await findProtected(world, local, {});
  return { names: found.map(({ name }) => name), notes, took: Date.now() - started };
}

const unchecked = 'pgmage does not check whether local is a tenant of shops, which is protected.';

test('it waits 3 s at most, and says what it does not check', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await query(url, `create table shops as select 'a' as name, 'shop_a' as database`);
    expect(await look(url)).toMatchObject({ names: ['shops', 'shops:a'], notes: [] });

    const holder = await userSession({ url, applicationName: 'pgmage tests' });
    await holder.execute('begin; lock table shops in access exclusive mode');
    const way = await frozenWay(url);
    way.freeze();
    const [locked, silent] = await Promise.all([look(url), look(way.url)]);
    await holder.close();
    await way.close();
    for (const { took, ...said } of [locked, silent]) {
      expect(took).toBeLessThan(5_000);
      expect(said).toEqual({
        names: ['shops'],
        notes: [`${unchecked} Cannot list the tenants of shops: no answer within 3 s`],
      });
    }

    await query(url, 'drop table shops');
    const missing = await look(url);
    expect(missing.names).toEqual(['shops']);
    expect(missing.notes.join()).toContain(`${unchecked} Cannot list the tenants of shops: its query failed`);
  });
});
