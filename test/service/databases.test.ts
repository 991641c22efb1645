// What the service sees of a database at a look: its size, and that its role may not know it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Project } from '../../lib/project/project.ts';
import type { World } from '../../lib/project/world.ts';
import { makeEnvironments } from '../../lib/runner/environments.ts';
import { openDatabases } from '../../lib/service/databases.ts';
import { readSettings } from '../../lib/service/settings.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

test('an environment of tenants has no database of its own, and says that it is protected', async () => {
  const project = { root: '/', version: '1' } as Project;
  const environments = makeEnvironments({
    root: '/',
    variables: {},
    config: {
      environments: {
        shops: { url: 'postgres://127.0.0.1/x', databases: 'shop_*', protected: true },
        tests: { url: 'postgres://127.0.0.1/x', schemas: 'test_*' },
      },
    },
  });
  const world = { ...environments, now: () => new Date() } as unknown as World;
  const listed = await openDatabases({ project, world, settings: readSettings(project, {}) }).list();
  const found = listed.map((one) => [one.name, one.protected, one.canBeTarget, one.problem?.code]);
  expect(found.filter(([name]) => name !== 'local')).toEqual([
    ['shops', true, false, 'several_tenants'],
    ['tests', false, false, 'several_tenants'],
  ]);
});

test('a size that the role may not know is not known, and the database is reachable all the same', async () => {
  const [login, weak] = ['login', 'weak'].map((name) => `${name}_${process.pid}`) as [string, string];
  await withDatabase(anyServer(), async ({ name, url, socket }) => {
    // The role that is set at the login has fewer rights than the one that logs in.
    await rowsOf(
      socket,
      `create role ${weak}; create role ${login} login password 'x' in role ${weak};
       revoke connect on database ${name} from public; grant connect on database ${name} to ${login};
       alter role ${login} set role = ${weak}`,
    );
    try {
      const as = new URL(url);
      [as.username, as.password] = [login, 'x'];
      const urls: Record<string, string> = { known: url, hidden: as.href };
      const project = { root: '/', version: '1' } as Project;
      const world = {
        environment: async (one: string) => ({ name: one, url: urls[one] ?? null, protected: false }),
        environmentNames: async () => Object.keys(urls),
        now: () => new Date(),
      } as unknown as World;
      const databases = openDatabases({ project, world, settings: readSettings(project, {}) });
      for (const one of Object.keys(urls))
        expect(await databases.test(one)).toMatchObject({ ok: true, problem: null });
      const [known, hidden] = await databases.list();
      expect(known?.bytes).toBeGreaterThan(1_000_000);
      expect(hidden).toMatchObject({ bytes: null, reachable: true, problem: null });
    } finally {
      await rowsOf(socket, `drop owned by ${login}, ${weak}; drop role ${login}, ${weak}`);
    }
  });
});

test('an embedded database is no error, made or not', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-embedded-'));
  const embedded = join(root, '.pgmage/database');
  const project = { root, embedded, version: '1' } as Project;
  const world = {
    environment: async (name: string) => ({ name, url: null, protected: false }),
    environmentNames: async () => ['local'],
    now: () => new Date(),
  } as unknown as World;
  const databases = openDatabases({ project, world, settings: readSettings(project, {}) });
  const told = async () => ({ ...(await databases.test('local')), ...(await databases.list())[0] });
  try {
    expect(await told()).toMatchObject({ ok: true, problem: null, reachable: null, embedded: 'unmade' });
    mkdirSync(embedded, { recursive: true });
    expect(await told()).toMatchObject({ ok: true, problem: null, embedded: 'unmade' });
    writeFileSync(join(embedded, 'base'), '');
    expect(await told()).toMatchObject({ ok: false, problem: { code: 'embedded_damaged' } });
    writeFileSync(join(embedded, 'PG_VERSION'), '18');
    expect(await told()).toMatchObject({ ok: true, problem: null, reachable: null, embedded: 'made' });
  } finally {
    rmSync(root, { recursive: true });
  }
});
