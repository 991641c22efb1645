// An attempt of a job that is over, on either side of a queue in Redis, starts nothing and commits nothing.
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import type { ProcessWork } from '../../lib/service/messages.ts';
import { connectRedis } from '../../lib/service/redis/connect.ts';
import type { FromWorker, SentWork } from '../../lib/service/redis/letters.ts';
import { Outbox } from '../../lib/service/redis/mail.ts';
import { RemoteWork } from '../../lib/service/redis/remote-work.ts';
import { type Letter, Slot } from '../../lib/service/redis/slots.ts';

const work: SentWork = {
  ...{ does: 'job', kind: 'drift', parameters: { database: 'local' }, agreed: null, storage: null },
  requestedBy: 'key',
};

const [sent, told]: [Letter[], unknown[]] = [[], []];
beforeEach(() => {
  sent.length = 0;
  told.length = 0;
});

// The nonce of the question that a slot has sent.
function nonceOf([letter]: readonly Letter[]): string {
  return letter?.is === 'take' ? letter.nonce : '';
}

test('a job that was taken back while its worker looked at it is not started', async () => {
  let answer: (work: ProcessWork) => void = () => undefined;
  const around = {
    memory: null,
    name: 'worker on here (process 1)',
    log: { info: (facts: object, text?: string) => void told.push(facts, text) },
    send: (_: string, message: Letter) => void sent.push(message),
    accept: () => new Promise<ProcessWork>((resolve) => (answer = resolve)),
    onChange: () => undefined,
  };
  const slot = new Slot(around, 'entry', { service: 'service', job: 'job' });
  slot.hear({ is: 'start', entry: 'entry', nonce: nonceOf(sent), work });
  slot.hear({ is: 'kill', entry: 'entry' });
  answer({ ...work, root: import.meta.dirname, version: '1', backups: null });
  await new Promise((resolve) => setImmediate(resolve));
  expect(slot.isGone).toBe(true);
  expect(told).toEqual([]);
});

test('an offer that a worker gives up is told, and a late start begins nothing', () => {
  const around = {
    ...{ memory: null, name: 'worker on here (process 1)', onChange: () => undefined },
    log: { info: (facts: object) => void told.push(facts) },
    send: (_: string, message: Letter) => void sent.push(message),
    accept: () => Promise.reject(new Error('it was started')),
  };
  const slot = new Slot(around, 'entry', { service: 'service', job: 'job' });
  slot.drain();
  slot.hear({ is: 'start', entry: 'entry', nonce: nonceOf(sent), work });
  expect(sent).toMatchObject([{ is: 'take' }, { is: 'ended', ending: { isUnbegun: true, exitCode: null } }]);
  expect([slot.isBusy, slot.isAlive, slot.isGone, told]).toEqual([false, true, false, []]);
  slot.hear({ is: 'noted', entry: 'entry' });
  expect(slot.isGone).toBe(true);
});

test('a start of before, sent once more for the same entry, starts nothing', () => {
  const around = {
    ...{ memory: null, name: 'worker on here (process 1)', onChange: () => undefined },
    log: { info: (facts: object) => void told.push(facts) },
    send: (_: string, message: Letter) => void sent.push(message),
    accept: (given: SentWork) => {
      told.push(given);
      return new Promise<ProcessWork>(() => undefined);
    },
  };
  const before = new Slot(around, 'entry', { service: 'service', job: 'job' });
  const start = { is: 'start', entry: 'entry', nonce: nonceOf(sent), work } as const;
  before.hear(start);
  expect(told).toEqual([work]);
  before.drop();
  const slot = new Slot(around, 'entry', { service: 'service', job: 'job' });
  slot.hear(start);
  expect(told).toEqual([work]);
});

test('the COMMIT of a work that was given up is not asked for', async () => {
  const asked: string[] = [];
  const place = {
    entry: 'entry',
    worker: 'worker',
    nonce: null,
    work,
    send: () => undefined,
    forget: () => undefined,
  };
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
