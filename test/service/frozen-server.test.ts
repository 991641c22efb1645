// A target whose server is frozen: its processes are there, and do nothing. A job of it is cancelled at once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDatabase } from '../servers/databases.ts';
import { openLine, urlBy } from '../servers/line.ts';
import { anyServer } from '../servers/running.ts';
import { type OwnServer, startServer } from '../servers/server.ts';
import { digestOf, fillSource, resetTarget } from './matrix/content.ts';
import { startService } from './scene.ts';

// Sends a signal to the server and to all of its processes.
function signalAll({ directory }: OwnServer, signal: NodeJS.Signals): void {
  const [pid] = readFileSync(join(directory, 'data/postmaster.pid'), 'utf8').split('\n');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  for (const one of [pid, ...children]) process.kill(Number(one), signal);
}

test('a job whose target is frozen halfway is cancelled within two seconds, and the target is unchanged', async () => {
  const source = await freshDatabase(anyServer());
  const server = await startServer(anyServer().major);
  const line = await openLine(server.port);
  const target = {
    name: 'postgres',
    url: server.url(),
    socket: server.socket(),
    drop: async () => undefined,
  };
  await fillSource(source);
  await resetTarget(target);
  const before = await digestOf(target);
  const service = await startService({
    environments: { source: source.url, target: urlBy(line, target.url) },
  });
  try {
    const halfway = line.freezeAfter(2_500_000);
    const body = { from: 'source', to: 'target', force: true, confirm: 'target' };
    const id = await service.add('clone', body);
    await halfway;
    signalAll(server, 'SIGSTOP');
    line.mend();
    const start = performance.now();
    await service.request('POST', `/api/jobs/${id}/cancel`);
    const job = await service.until(id);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(job).toMatchObject({ state: 'cancelled', target: 'unchanged' });
    signalAll(server, 'SIGCONT');
    expect(await digestOf(target)).toBe(before);
  } finally {
    signalAll(server, 'SIGCONT');
    await service.remove();
    line.close();
    await server.stop();
    await source.drop();
  }
}, 120_000);
