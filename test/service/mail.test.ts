// The mail between a service and its workers: one message that cannot be read costs no other one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis } from '../../lib/service/redis/connect.ts';
import { Inbox } from '../../lib/service/redis/mail.ts';
import { type OwnRedis, startRedis } from '../servers/redis.ts';

let redis: OwnRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.remove());

test('a message that cannot be read, or whose reader fails, loses none of the others', async () => {
  const client = connectRedis(redis.url, () => undefined);
  const message = (seq: number) => JSON.stringify({ via: 'sender', seq, message: { seq } });
  await expect.poll(() => client.status).toBe('ready');
  await client.rpush('pgmage:mail:me', message(1), 'no JSON', message(2), 'null', message(3), message(4));
  const heard: unknown[] = [];
  const inbox = new Inbox(
    connectRedis(redis.url, () => undefined),
    'me',
    (one) => {
      heard.push(one);
      if (heard.length === 3) throw new Error('its reader fails');
    },
  );
  await expect.poll(() => heard).toEqual([{ seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 4 }]);
  inbox.close();
  client.disconnect();
});
