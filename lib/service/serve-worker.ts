// `pgmage serve:worker`: takes jobs of a shared queue, and answers no requests.
import { randomUUID } from 'node:crypto';
import { Problem } from '../problem/problem.ts';
import { endPrograms } from '../programs/running.ts';
import type { Project } from '../project/project.ts';
import type { World } from '../project/world.ts';
import { openBossQueue } from './boss-queue.ts';
import { startDispatcher } from './dispatcher.ts';
import { openEventLog } from './events.ts';
import { openLaneSource } from './lane-source.ts';
import { openLog } from './log.ts';
import { nameProcess } from './process-names.ts';
import type { JobHost } from './service.ts';
import { readSettings, type ServeInput, type ServiceSettings, stopPatience } from './settings.ts';
import { catchSignals } from './signals.ts';
import { openStore } from './store.ts';
import { openSupervisor } from './supervisor.ts';
import type { ServiceSurroundings } from './surroundings.ts';

/** A report of a worker that has stopped. */
export interface WorkerReport {
  readonly queue: ServiceSettings['queue'];
}

/**
 * Runs a worker until a signal asks it to stop.
 * @throws Problem `bad_option`, `queue_unavailable`; of the configuration
 */
export async function serveWorker(
  project: Project,
  world: World,
  input: Pick<ServeInput, 'queue'>,
): Promise<WorkerReport> {
  const settings = readSettings(project, process.env, input);
  const { queue } = settings;
  process.off('exit', endPrograms).on('exit', endPrograms);
  const stopping = catchSignals();
  try {
    if (queue === 'embedded')
      throw new Problem('bad_option', {
        option: '--queue',
        reason: 'a worker needs a shared queue: name its URL here or in PGMAGE_QUEUE_URL',
      });
    const around = { project, world, settings };
    if (queue === 'postgres') await runOnDatabase(around, stopping.asked);
    else {
      const { runOnRedis } = await import('./redis/worker.ts');
      await runOnRedis(around, stopping.asked);
    }
    return { queue };
  } finally {
    stopping.release();
  }
}

async function runOnDatabase(around: ServiceSurroundings, asked: Promise<void>): Promise<void> {
  const { project, world, settings } = around;
  const { queueUrl: url, folder } = settings;
  const store = await openStore({ url, folder, cacheDir: project.cacheDir, progress: world.progress });
  try {
    const id = randomUUID();
    const log = openLog(settings.logLevel);
    const events = openEventLog(store);
    const onError = ({ message }: Error) => log.error({ reason: message }, 'the queue failed');
    const queue = await openBossQueue(store, id, onError);
    const host: JobHost = {
      ...around,
      ...{ id, store, queue, events, log, isStopping: false, wake: () => undefined },
      name: nameProcess('worker'),
    };
    const dispatcher = await startDispatcher(host, openLaneSource(host, queue));
    host.wake = () => dispatcher.wake();
    log.info({ queue: settings.queue }, 'pgmage serve:worker is ready');
    const supervisor = openSupervisor(process.env, log);
    await supervisor.ready(async () => true);
    await asked;
    host.isStopping = true;
    log.info({ jobs: dispatcher.running().length }, 'pgmage serve:worker stops');
    await supervisor.stopping();
    await dispatcher.stop(stopPatience);
    events.close();
    await queue.close();
    log.info({}, 'pgmage serve:worker has stopped');
  } finally {
    await store.close();
  }
}
