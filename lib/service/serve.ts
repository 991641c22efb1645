// `pgmage serve`: starts all parts of the service, and stops them in order.
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { endPrograms } from '../programs/running.ts';
import type { Project } from '../project/project.ts';
import type { World } from '../project/world.ts';
import { openBossQueue } from './boss-queue.ts';
import { openDatabases } from './databases.ts';
import { startDispatcher } from './dispatcher.ts';
import { openEventLog } from './events.ts';
import { makeServer } from './http.ts';
import { openKeyRing } from './keys.ts';
import { openLog } from './log.ts';
import { startNotices } from './notices.ts';
import { openPlanner } from './planner.ts';
import { startScheduler } from './scheduler.ts';
import type { Service } from './service.ts';
import { openSessions } from './sessions.ts';
import { readSettings, type ServeInput, type ServiceSettings } from './settings.ts';
import { openStore, type Store } from './store.ts';
import { openStreams } from './streams.ts';

/** A report of a service that has stopped. */
export interface ServeReport {
  readonly address: string;
}

// Milliseconds that jobs get to end by themselves when the service stops.
const patience = 25_000;

/**
 * Runs the service until a signal asks it to stop, or, with `once`, until no job is left.
 * @throws Problem `bad_option`, `service_running`, `queue_unavailable`; of the configuration
 */
export async function serve(project: Project, world: World, input: ServeInput): Promise<ServeReport> {
  const settings = readSettings(project, process.env, input);
  process.off('exit', endPrograms).on('exit', endPrograms);
  await whileWriting(settings.folder, () => mkdir(settings.folder, { recursive: true, mode: 0o700 }));
  const stopping = catchSignals();
  const { cacheDir } = project;
  const { queueUrl: url, folder } = settings;
  const store = await openStore({ url, folder, cacheDir, progress: world.progress });
  try {
    const service = await makeService(project, world, settings, store);
    return await run(service, stopping.asked, input.once ?? false);
  } finally {
    await store.close();
    stopping.release();
  }
}

async function run(service: Service, asked: Promise<unknown>, once: boolean): Promise<ServeReport> {
  const { settings, log, keys, streams } = service;
  const app = await makeServer(service);
  const { host, port } = settings;
  if ((await keys.list()).length === 0) {
    if (!/^(127\.0\.0\.1|localhost|::1)$/.test(host))
      throw new Problem('bad_option', {
        option: '--host',
        reason: `${host} is not loopback, and there is no key: pgmage serve:key add NAME --scope read,run`,
      });
    log.warn({}, 'no API key yet: run pgmage serve:key add NAME --scope read,run,write');
  }
  const dispatcher = await startDispatcher(service);
  service.wake = () => dispatcher.wake();
  const scheduler = await startScheduler(service);
  service.scheduler = scheduler;
  const notices = startNotices(service);
  const address = await app.listen({ host, port }).catch((error: Error) => {
    throw new Problem('bad_option', { option: '--port', reason: error.message }, { cause: error });
  });
  log.info({ address, queue: service.store.kind, folder: settings.folder }, 'pgmage serve is ready');
  await Promise.race([asked, ...(once ? [whenIdle(() => dispatcher.isIdle())] : [])]);
  service.isStopping = true;
  log.info({ jobs: dispatcher.running().length }, 'pgmage serve stops');
  streams.end();
  scheduler.stop();
  await Promise.all([dispatcher.stop(patience), service.planner.stop(), notices.stop()]);
  streams.end();
  await app.close();
  service.events.close();
  await service.queue.close();
  log.info({}, 'pgmage serve has stopped');
  return { address };
}

async function makeService(
  project: Project,
  world: World,
  settings: ServiceSettings,
  store: Store,
): Promise<Service> {
  const id = randomUUID();
  const log = openLog(settings.logLevel);
  const now = () => world.now();
  const onError = ({ message }: Error) => log.error({ reason: message }, 'the queue failed');
  const events = openEventLog(store);
  return {
    id,
    project,
    world,
    settings,
    store,
    queue: await openBossQueue(store, id, onError),
    events,
    keys: openKeyRing(settings.folder, settings.apiKey, now),
    sessions: openSessions(now),
    databases: openDatabases({ project, world, settings }),
    planner: openPlanner({ project, world, settings }),
    streams: openStreams(events),
    log,
    scheduler: null,
    isStopping: false,
    wake: () => undefined,
  };
}

function whenIdle(isIdle: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!isIdle()) return;
      clearInterval(timer);
      resolve();
    }, 500);
  });
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

// The first signal stops the service in order; the second ends the process, and with it its jobs.
function catchSignals(): { readonly asked: Promise<void>; release(): void } {
  const before = signals.map((signal) => [signal, process.listeners(signal)] as const);
  for (const signal of signals) process.removeAllListeners(signal);
  const asked = new Promise<void>((resolve) => {
    for (const signal of signals)
      process.once(signal, () => {
        for (const other of signals) process.removeAllListeners(other);
        resolve();
      });
  });
  return {
    asked,
    release() {
      for (const [signal, listeners] of before) {
        process.removeAllListeners(signal);
        for (const listener of listeners) process.on(signal, listener as NodeJS.SignalsListener);
      }
    },
  };
}
