// Work on files alone where the environment has tenants: no server is asked, not even for their list.
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expectedRole } from '../../lib/project/expected-role.ts';
import { makeEnvironments } from '../../lib/runner/environments.ts';
import { makeProject, type Project } from '../program/project.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let asked = 0;
const server = createServer((socket) => {
  asked += 1;
  socket.destroy();
});
let project: Project;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project = await makeProject();
});
afterAll(() => {
  project.remove();
  server.close();
});

/** Writes the configuration, whose usual environment is this one. */
function configure(rule: string, environment: string): void {
  const { port } = server.address() as { readonly port: number };
  const url = `postgres://anna@127.0.0.1:${port}/shops`;
  project.write({
    'package.json': '{}',
    'pgmage.config.mjs': `export default { environment: '${environment}',
      environments: { shops: { url: '${url}', ${rule} } } };`,
    'schema/schema.sql': 'create table users (id int primary key);',
  });
}

test.each([
  [`schemas: 'tenant_*'`, 'shops:tenant_a'],
  [`schemas: 'tenant_*'`, 'shops'],
  [`databases: 'shop_*'`, 'shops:shop_a'],
  [`each: 'select url, name from tenants'`, 'shops:acme'],
])('no connection for the files alone: %s, %s', async (rule, environment) => {
  configure(rule, environment);
  for (const words of [
    'db:generate',
    `db:verify --files --env ${environment}`,
    'db:verify --files',
    'db:types',
    'db:types --out types.ts',
    'db:types --out types.ts --check',
    'db:docs',
    'db:docs --against migrations --out changes',
    'db:lint',
    'db:plan',
  ]) {
    const { code, log } = await project.pgmage(words);
    expect([words, code, log]).toEqual([words, 0, expect.any(String)]);
  }
  expect(asked).toBe(0);
  const { code } = await project.pgmage(`db:status --env ${environment}`);
  expect([code, asked > 0]).toEqual([1, true]);
  asked = 0;
});

test('the role of a tenant is that of its environment, which is found without a list', async () => {
  const { port } = server.address() as { readonly port: number };
  const shops = { url: `postgres://anna@127.0.0.1:${port}/shops`, schemas: 'tenant_*' };
  const world = makeEnvironments({
    root: import.meta.dirname,
    config: {
      environment: 'shops:tenant_b',
      environments: { shops, plain: 'postgres://bert@127.0.0.1:1/x' },
    },
    variables: {},
  });
  const roleOf = (env?: string) => expectedRole({ ...world, now: () => new Date(0), progress() {} }, env);
  expect(await Promise.all(['shops:tenant_a', 'shops', 'plain', undefined, 'other'].map(roleOf))).toEqual([
    'anna',
    'anna',
    'bert',
    'anna',
    null,
  ]);
  expect(asked).toBe(0);
});
