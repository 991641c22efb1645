// `pgmage serve`: starts all parts of the service, and stops them in order.
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { makeFolders } from '../config/file.ts';
import { whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { endPrograms } from '../programs/running.ts';
import type { Project } from '../project/project.ts';
import type { World } from '../project/world.ts';
import { openBossQueue } from './boss-queue.ts';
import { openDatabases } from './databases.ts';
import { startDispatcher } from './dispatcher.ts';
import { openDocuments } from './documents.ts';
import { openEventLog } from './events.ts';
import { makeServer } from './http.ts';
import type { JobSource } from './job-source.ts';
import { openKeyRing } from './keys.ts';
import { openLaneSource } from './lane-source.ts';
import { openLog } from './log.ts';
import { startNotices } from './notices.ts';
import { openPlanner } from './planner.ts';
import { nameProcess } from './process-names.ts';
import type { Queue } from './queue.ts';
import { startScheduler } from './scheduler.ts';
import type { JobHost, Service } from './service.ts';
import { openSessions } from './sessions.ts';
import { readSettings, type ServeInput, stopPatience } from './settings.ts';
import { catchSignals } from './signals.ts';
import { openStorageMeter } from './storage.ts';
import { openStore, type Store } from './store.ts';
import { openStreams } from './streams.ts';
import { openSupervisor } from './supervisor.ts';
import type { ServiceSurroundings } from './surroundings.ts';
import { startUpkeep } from './upkeep.ts';

/** A report of a service that has stopped. */
export interface ServeReport {
  readonly address: string;
}

// As the login of the page has it.
const firstKey = 'npx pgmage serve:key add laptop --scope read,run,write,download';

/**
 * Runs the service until a signal asks it to stop, or, with `once`, until no job is left.
 * @throws Problem `bad_option`, `service_running`, `queue_unavailable`; of the configuration
 */
export async function serve(project: Project, world: World, input: ServeInput): Promise<ServeReport> {
  const settings = readSettings(project, process.env, input);
  process.off('exit', endPrograms).on('exit', endPrograms);
  await whileWriting(settings.folder, () => makeFolders(settings.folder, 0o700));
  const stopping = catchSignals();
  const { cacheDir } = project;
  const { folder } = settings;
  // With Redis, the rows stay here.
  const url = settings.queue === 'postgres' ? settings.queueUrl : null;
  const store = await openStore({ url, folder, cacheDir, progress: world.progress });
  try {
    const { service, source } = await makeService({ project, world, settings }, store);
    return await run(service, source, stopping.asked, input.once ?? false);
  } finally {
    await store.close();
    stopping.release();
  }
}

async function run(
  service: Service,
  source: JobSource,
  asked: Promise<unknown>,
  once: boolean,
): Promise<ServeReport> {
  const { settings, log, streams } = service;
  const app = await makeServer(service);
  // It takes jobs only after that: where another program has the port, it must not begin one.
  const { address, hasKeys } = await listen(app, service);
  const scheduler = await startScheduler(service);
  const dispatcher = await startDispatcher(service, source);
  service.wake = () => dispatcher.wake();
  service.scheduler = scheduler;
  const [notices, upkeep] = [startNotices(service), startUpkeep(service)];
  log.info({ address, queue: settings.queue, folder: settings.folder }, 'pgmage serve is ready');
  if (!hasKeys) log.warn({}, `no API key yet: run ${firstKey}`);
  const supervisor = openSupervisor(process.env, log);
  await supervisor.ready(() => isAlive(service));
  await Promise.race([asked, ...(once ? [whenIdle(() => dispatcher.isIdle())] : [])]);
  service.isStopping = true;
  log.info({ jobs: dispatcher.running().length }, 'pgmage serve stops');
  await supervisor.stopping();
  streams.end();
  scheduler.stop();
  const parts = [dispatcher.stop(stopPatience), service.planner.stop(), notices.stop(), upkeep.stop()];
  await Promise.all(parts);
  streams.end();
  await app.close();
  service.events.close();
  await service.queue.close();
  log.info({}, 'pgmage serve has stopped');
  return { address };
}

async function listen(
  app: FastifyInstance,
  { settings: { host, port }, keys }: Service,
): Promise<{ readonly address: string; readonly hasKeys: boolean }> {
  const hasKeys = (await keys.list()).length > 0;
  if (!hasKeys && !/^(127\.0\.0\.1|localhost|::1)$/.test(host))
    throw new Problem('bad_option', {
      option: '--host',
      reason: `${host} is not loopback, and there is no key: ${firstKey}`,
    });
  const address = await app.listen({ host, port }).catch((error: NodeJS.ErrnoException) => {
    const reason =
      error.code === 'EADDRINUSE' ? `another program listens on port ${port} of ${host}` : error.message;
    throw new Problem('bad_option', { option: '--port', reason }, { cause: error });
  });
  return { address, hasKeys };
}

// A shared queue that is away comes back. An embedded one that does not answer needs a new process.
async function isAlive({ store }: Service): Promise<boolean> {
  if (store.kind === 'embedded') await store.use((session) => session.rows('select'));
  return true;
}

async function makeService(
  around: ServiceSurroundings,
  store: Store,
): Promise<{ readonly service: Service; readonly source: JobSource }> {
  const { world, settings } = around;
  const id = randomUUID();
  const log = openLog(settings.logLevel);
  const now = () => world.now();
  const onError = ({ message }: Error) => log.error({ reason: message }, 'the queue failed');
  const events = openEventLog(store);
  const planner = openPlanner(around);
  const { queue, openSource } = await openQueue({ ...around, id, store, log }, onError);
  const service: Service = {
    ...around,
    id,
    name: nameProcess('service'),
    store,
    queue,
    events,
    keys: openKeyRing(settings.folder, settings.apiKey, now),
    sessions: openSessions(now),
    databases: openDatabases(around),
    planner,
    documents: openDocuments(planner),
    storage: openStorageMeter(around.project, settings, now),
    streams: openStreams(events),
    log,
    scheduler: null,
    isStopping: false,
    wake: () => undefined,
  };
  return { service, source: openSource(service) };
}

// BullMQ is loaded only with the URL of a Redis.
async function openQueue(
  { project, settings, store, log, id }: Pick<Service, 'project' | 'settings' | 'store' | 'log' | 'id'>,
  onError: (error: Error) => void,
): Promise<{ readonly queue: Queue; openSource(host: JobHost): JobSource }> {
  if (settings.queue !== 'redis') {
    const queue = await openBossQueue(store, id, onError);
    return { queue, openSource: (host) => openLaneSource(host, queue) };
  }
  const { openLink, openSealer, openRedisSource, makeRedisQueue, readInstallation } = await import(
    './redis/supply.ts'
  );
  const service = await store.change(readInstallation);
  const sealer = await openSealer(settings.folder);
  const url = settings.queueUrl ?? '';
  const link = await openLink({ url, service, version: project.version, sealer, log });
  log.info({ PGMAGE_SERVICE_SEAL: sealer.key }, 'workers with this variable take jobs of this service alone');
  return { queue: makeRedisQueue(link, id), openSource: (host) => openRedisSource(host, link) };
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
