// Event streams of a job with many events: what a reader gets that was away, or that reads slowly.
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import Fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type JobEvent, openEventLog } from '../../lib/service/events.ts';
import { problemOf, sendProblem } from '../../lib/service/fault.ts';
import { openStore } from '../../lib/service/store.ts';
import { openStreams } from '../../lib/service/streams.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { adminKey, type RunningService, startService } from './scene.ts';

const [id, lines, progress] = [randomUUID(), 9_000, 300];
let queue: Database;
let service: RunningService;

beforeAll(async () => {
  queue = await freshDatabase(anyServer());
  const place = { url: queue.url, folder: '', cacheDir: '', progress: () => undefined };
  await openStore(place).then((store) => store.close());
  // Each 30th event is progress, and the last one the end.
  await rowsOf(
    queue.url,
    `insert into service.jobs (id, kind, state, parameters, digest, lane, requested_by, last_seq)
       values ('${id}', 'export', 'done', '{}', '', '', 'test', ${lines + progress + 1});
     insert into service.events (number, job, seq, type, data)
       select i, '${id}', i, case when i % 31 = 0 then 'progress' else 'line' end,
         pg_catalog.jsonb_build_object('text', repeat('x', 400))
       from generate_series(1, ${lines + progress}) i;
     insert into service.events (number, job, seq, type, data)
       values (${lines + progress + 1}, '${id}', ${lines + progress + 1}, 'state', '{"state": "done"}');
     update service.counter set last = ${lines + progress + 1}`,
  );
  service = await startService({ environments: {}, variables: { PGMAGE_QUEUE_URL: queue.url } });
}, 60_000);

afterAll(async () => {
  await service?.remove();
  await queue?.drop();
});

test('old progress is left out, which a gap tells, and nothing else', async () => {
  const events = await service.events(`/api/jobs/${id}/events`, null);
  const of = (wanted: string) => events.filter(({ type }) => type === wanted);
  expect(of('line').length).toBe(lines);
  expect(of('progress').length).toBe(200);
  expect(of('gap').map(({ data }) => data)).toEqual([{ from: 31, to: 31 * (progress - 200) }]);
  expect(events.at(-1)).toMatchObject({ type: 'state', data: { state: 'done' } });
  const numbers = events.slice(1).map((event) => event.id);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  const later = await service.events(`/api/jobs/${id}/events`, lines);
  expect([later.length, later[0]?.id]).toEqual([progress + 1, lines + 1]);
  expect((await service.events(`/api/jobs/${id}/events?after=${lines}`, null)).length).toBe(progress + 1);
  const log = await service.request('GET', `/api/jobs/${id}/log`);
  expect(log.text.trimEnd().split('\n').length).toBe(lines + 1);
});

test('a stream of a job that is over has an end, also where no event is left', async () => {
  const ask = (after: number) => service.request('GET', `/api/jobs/${id}/events?after=${after}`);
  expect((await ask(lines + progress)).text).toContain('"state":"done"');
  const nothing = await ask(lines + progress + 1);
  expect([nothing.status, nothing.text]).toEqual([204, '']);
});

test('a stream that cannot begin is a failure, not a silent stream', async () => {
  const place = { url: queue.url, folder: '', cacheDir: '', progress: () => undefined };
  const store = await openStore(place);
  const [app, events] = [Fastify(), openEventLog(store)];
  const streams = openStreams(events);
  app.setErrorHandler((thrown: Error, _, reply) => sendProblem(reply, problemOf(thrown)));
  app.get('/events', (request, reply) => streams.open(request, reply, null));
  await store.close();
  for (const path of ['/events', '/events?after=0']) {
    const { statusCode, body } = await app.inject({ method: 'GET', url: path });
    expect([path, statusCode, JSON.parse(body).problem.code]).toEqual([path, 503, 'queue_unavailable']);
  }
  expect([events.watchers(), streams.count()]).toEqual([0, 0]);
  events.close();
  await app.close();
});

test('more events than fit are left out from the oldest on', async () => {
  const place = { url: queue.url, folder: '', cacheDir: '', progress: () => undefined };
  const store = await openStore(place);
  try {
    const other = randomUUID();
    await store.change((session) =>
      session.execute(
        `insert into service.jobs (id, kind, state, parameters, digest, lane, requested_by, last_seq)
           values ('${other}', 'export', 'running', '{}', '', '', 'test', 12000);
         insert into service.events (number, job, seq, type, data)
           select 20000 + i, '${other}', i, 'line', '{}' from generate_series(1, 12000) i`,
      ),
    );
    const { events, gap } = await openEventLog(store).readBacklog({ job: other, after: 0 });
    expect([gap, events.length, events[0]?.seq]).toEqual([{ from: 1, to: 2000 }, 10_000, 2001]);
    await store.change((session) => session.execute(`delete from service.jobs where id = '${other}'`));
  } finally {
    await store.close();
  }
});

test('other work gets its turn while many watchers get many events, which stay in order', async () => {
  const store = await openStore({ url: queue.url, folder: '', cacheDir: '', progress: () => undefined });
  const log = openEventLog(store);
  const [readers, count, from] = [50, 1_000, 50_000];
  const seen: number[] = [];
  let [turns, handed, isOver] = [0, 0, false];
  const ended = new Promise<void>((resolve) => {
    const take = ({ seq }: JobEvent, at: number) => {
      if (at === 0) seen.push(seq);
      if (++handed === 1)
        setImmediate(function turn() {
          turns += 1;
          if (!isOver) setImmediate(turn);
        });
      if (handed === readers * count) resolve();
    };
    for (let at = 0; at < readers; at++) void log.watch((event) => take(event, at));
  });
  try {
    const other = randomUUID();
    await rowsOf(
      queue.url,
      `insert into service.jobs (id, kind, state, parameters, digest, lane, requested_by, last_seq)
         values ('${other}', 'export', 'running', '{}', '', '', 'test', ${count});
       insert into service.events (number, job, seq, type, data)
         select ${from} + i, '${other}', i, 'line', '{}' from generate_series(1, ${count}) i`,
    );
    await ended;
    isOver = true;
    expect(seen).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    // 500 events in one turn at most.
    expect(turns).toBeGreaterThanOrEqual((readers * count) / 500 - 1);
    await rowsOf(queue.url, `delete from service.jobs where id = '${other}'`);
  } finally {
    log.close();
    await store.close();
  }
});

test('a reader that is slow gets all', async () => {
  const socket = connect(service.port, '127.0.0.1');
  socket.write(
    `GET /api/jobs/${id}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${adminKey}\r\n\r\n`,
  );
  let text = '';
  socket.on('data', (piece) => {
    text += piece;
    socket.pause();
    void setTimeout(2).then(() => socket.resume());
  });
  await new Promise((resolve) => socket.once('close', resolve));
  expect(text.split('\nevent: line').length - 1).toBe(lines);
  expect(text).toContain('"state":"done"');
}, 60_000);
