// A job that stays where it is: it keeps a service busy, so that its worker takes the others.
import { isOver } from './jobs.ts';
import { processesOf, type Stage } from './stage.ts';

const parked = new WeakMap<Stage, string>();

/** Sees to it that the next job goes to the service or to its worker, where both take jobs. */
export async function park(stage: Stage, place: 'service' | 'worker'): Promise<void> {
  if (stage.queue !== 'postgres') return;
  const { service } = stage;
  for (;;) {
    const known = parked.get(stage);
    const job = known === undefined ? undefined : await service.job(known);
    const isParked = job?.state === 'running' && processesOf(service).length > 0;
    if (isParked === (place === 'worker') && (isParked || job === undefined || isOver(job))) return;
    if (job !== undefined && !isOver(job)) {
      await service.request('POST', `/api/jobs/${job.id}/cancel`);
      await service.until(job.id);
    }
    if (place === 'service') continue;
    const { id } = await service.ask<{ id: string }>('POST', '/api/databases/parked/drift');
    parked.set(stage, id);
    await service.until(id, ({ state }) => state !== 'waiting');
  }
}
