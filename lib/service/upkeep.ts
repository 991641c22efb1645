// The upkeep of a service: it forgets old history, removes files of dead jobs, and watches the storage.
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { sweepPartials } from '../backup/partial-files.ts';
import { forgetOld } from './history.ts';
import { addNotice } from './notices.ts';
import type { Service } from './service.ts';
import { folderOfBackups, nearlyFull } from './storage.ts';
import { isPartialUpload, uploadsIn } from './upload-files.ts';

/** The upkeep at work. */
export interface Upkeep {
  stop(): Promise<void>;
}

// Milliseconds: between two cleanups; between two looks at the storage; without a byte, an upload is dead.
const [hour, look, silence] = [3_600_000, 2_000, 600_000];

/** Starts the upkeep: a cleanup now and each hour, a look at the storage now and each few seconds. */
export function startUpkeep(service: Service): Upkeep {
  let last: Promise<void> = Promise.resolve();
  const then = (work: (service: Service) => Promise<void>) => {
    last = last
      .then(() => work(service))
      .catch(({ message }: Error) => service.log.error({ reason: message }, 'the upkeep failed'));
  };
  const watch = watchFullness();
  const timers = [setInterval(() => then(cleanUp), hour), setInterval(() => then(watch), look)];
  then(cleanUp);
  then(watch);
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await last;
    },
  };
}

/** Deletes old history and files of dead jobs. A file that cannot be removed holds no history back. */
export async function cleanUp({
  store,
  log,
  project,
  settings,
}: Pick<Service, 'store' | 'log' | 'project' | 'settings'>): Promise<void> {
  const { jobs, events } = await forgetOld(store);
  if (jobs + events > 0) log.info({ jobs, events }, 'old history deleted');
  const { path } = folderOfBackups(project, settings);
  const files = [...(await sweepPartials(path)), ...(await sweepUploads(uploadsIn(path)))];
  if (files.length > 0) log.info({ files }, 'files of dead jobs removed');
}

// An upload whose connection lives writes more often. Its service may be another one.
async function sweepUploads(folder: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of (await readdir(folder).catch(() => [])).filter(isPartialUpload)) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found === null || Date.now() - found.mtimeMs < silence) continue;
    await rm(join(folder, name), { force: true });
    removed.push(name);
  }
  return removed;
}

// Told once when the limit comes near, and again only after the storage was below that.
function watchFullness(): (service: Service) => Promise<void> {
  let wasNear: boolean | null = null;
  return async (service) => {
    const { maxStorage: limit } = service.settings;
    if (limit === null) return;
    const { bytes } = await service.storage.measure();
    const isNear = bytes >= nearlyFull * limit;
    if (isNear === wasNear) return;
    await noteFullness(service, { isNear, bytes, limit });
    wasNear = isNear;
  };
}

// The row is there while the storage is nearly full. Of several services, one tells it.
async function noteFullness(
  { store, settings, project, log }: Service,
  { isNear, bytes, limit }: { readonly isNear: boolean; readonly bytes: number; readonly limit: number },
): Promise<void> {
  const { path, shown: folder } = folderOfBackups(project, settings);
  const name = `${hostname()}:${path}`;
  await store.change(async (session) => {
    if (!isNear) {
      await session.rows('delete from service.storage_warnings where name = $1', [name]);
      return;
    }
    const rows = await session.rows(
      'insert into service.storage_warnings (name) values ($1) on conflict do nothing returning name',
      [name],
    );
    if (rows.length === 0) return;
    log.warn({ folder, bytes, limit }, 'the storage is nearly full');
    await addNotice(session, settings.notify, { event: 'storage_nearly_full', folder, bytes, limit });
  });
}
