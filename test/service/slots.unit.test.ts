// An attempt of a job that is over, on either side of a queue in Redis, starts nothing and commits nothing.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { connectRedis } from '../../lib/service/redis/connect.ts';
import type { FromWorker, SentWork } from '../../lib/service/redis/letters.ts';
import { Outbox } from '../../lib/service/redis/mail.ts';
import { RemoteWork } from '../../lib/service/redis/remote-work.ts';
import { Slot } from '../../lib/service/redis/slots.ts';

const work: SentWork = {
  ...{ does: 'job', kind: 'drift', parameters: { database: 'local' }, agreed: null, storage: null },
  requestedBy: 'key',
};

test('a job that was taken back while its worker looked at it is not started', async () => {
  const told: unknown[] = [];
  let answer: (refusal: null) => void = () => undefined;
  const around = {
    project: { root: import.meta.dirname, version: '1' },
    settings: { backups: null, maxStorage: null, jobMemory: null },
    host: 'here',
    log: { info: (facts: object, text?: string) => void told.push(facts, text) },
    send: () => undefined,
    check: () => new Promise<null>((resolve) => (answer = resolve)),
    onChange: () => undefined,
  };
  const slot = new Slot(around, 'entry', { service: 'service', job: 'job' });
  slot.hear({ is: 'start', entry: 'entry', work });
  slot.hear({ is: 'kill', entry: 'entry' });
  answer(null);
  await new Promise((resolve) => setImmediate(resolve));
  expect(slot.isGone).toBe(true);
  expect(told).toEqual([]);
});

test('the COMMIT of a work that was given up is not asked for', async () => {
  const asked: string[] = [];
  const place = { entry: 'entry', worker: 'worker', work, send: () => undefined, forget: () => undefined };
  const remote = new RemoteWork(place, {
    onCommit: async (xid) => asked.push(xid) > 0,
  });
  type Heard = Extract<FromWorker, { is: 'committing' }>;
  const committing = (xid: string): Heard => ({ is: 'committing', entry: 'entry', worker: 'worker', xid });
  remote.hear(committing('1'));
  remote.kill();
  remote.hear(committing('2'));
  expect(await remote.ended).toMatchObject({ failure: 'the service ended it' });
  expect(asked).toEqual(['1']);
});

test('messages are stuck when Redis did not take them, not while they are on their way', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const client = connectRedis(`redis://127.0.0.1:${port}`, () => undefined);
  const outbox = new Outbox(client);
  outbox.send('service', { is: 'line' });
  expect([outbox.isEmpty, outbox.isStuck]).toEqual([false, false]);
  await expect.poll(() => outbox.isStuck, { timeout: 8_000 }).toBe(true);
  await outbox.close(0);
  client.disconnect();
  for (const socket of sockets) socket.destroy();
  silent.close();
}, 15_000);
