// What a workspace holds: shadows that the parts of an operation share, until it is disposed.
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import type { Shadow } from '../../lib/shadow/shadow.ts';
import { failure } from '../failure.ts';
import { freshCache } from './cache.ts';
import { type Project, project } from './project.ts';
import { derive } from './workspace.ts';

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
  own = project(null, cache);
});
afterAll(async () => {
  own.drop();
  await rm(cache, { recursive: true });
});

const open = (): Workspace => openWorkspace(own.context.project, own.context.world);
const ask = (shadow: Shadow) => shadow.state((connection) => connection.execute('select 1'));

test('uses share a shadow, which is closed with the workspace', async () => {
  const lent = new Set<Shadow>();
  const use = async (shadow: Shadow) => void lent.add(shadow);
  {
    await using workspace = open();
    await Promise.all([workspace.shadows.use([], use), workspace.shadows.use([], use)]);
    await workspace.shadows.use([], use);
    expect(lent.size).toBe(1);
    for (const shadow of lent) await ask(shadow);
  }
  for (const shadow of lent) await expect(ask(shadow)).rejects.toThrow('closed');
}, 60_000);

test('work that goes on after the workspace closes its own shadow', async () => {
  let go = () => {};
  const disposed = new Promise<void>((resolve) => {
    go = resolve;
  });
  let lent: Shadow | undefined;
  let late: Promise<void>;
  {
    await using workspace = open();
    late = workspace.shadows.use([], async (shadow) => {
      lent = shadow;
      await disposed;
      await ask(shadow);
    });
  }
  go();
  await late;
  await expect(ask(lent as Shadow)).rejects.toThrow('closed');
}, 60_000);

test('a shadow that did not start is started again by the next use', async () => {
  let calls = 0;
  const server = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await using workspace = derive(own.context, { shadow: `postgres://127.0.0.1:${port}/nowhere` });
  await failure(workspace.shadows.use([], ask));
  const before = calls;
  expect(before).toBeGreaterThan(0);
  await failure(workspace.shadows.use([], ask));
  expect(calls).toBeGreaterThan(before);
  server.close();
});
