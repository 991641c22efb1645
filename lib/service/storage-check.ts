// The answer to a request whose backup cannot fit, whatever is deleted: nothing is started.
import { findBackups } from '../backup/find.ts';
import { Problem } from '../problem/problem.ts';
import { explainRetention } from './describe-backup.ts';
import type { ProcessWork } from './messages.ts';
import type { Service } from './service.ts';
import { estimateBackup, findBackedUp } from './storage-room.ts';
import { readStorageRule } from './storage-rule.ts';

const connectTimeoutMs = 5_000;

/**
 * Refuses a job whose backup is larger than the room that the limit of storage leaves, also after old
 * backups are deleted. The job looks again before it starts.
 * @throws Problem `storage_full`
 */
export async function refuseFullStorage(
  service: Service,
  job: Pick<ProcessWork, 'kind' | 'parameters'>,
): Promise<void> {
  const { project, world, settings, storage } = service;
  const name = findBackedUp(job);
  if (settings.maxStorage === null || name === null) return;
  const found = await findBackups(project, settings.backups === null ? {} : { dir: settings.backups }).catch(
    () => [],
  );
  const target = { ...(await world.environment(name)), connectTimeoutMs };
  // A database that does not answer is the problem of the job.
  const needed = await estimateBackup(target, found).catch(() => 0);
  if (needed === 0) return;
  const { retention, inUse } = await readStorageRule(service, 'request');
  const why = explainRetention(project, found, retention);
  const old = found.filter((one) => why.get(one.name)?.length === 0 && !inUse.includes(one.name));
  const { bytes: present } = await storage.measure();
  const left = present - old.reduce((sum, { bytes }) => sum + bytes, 0);
  if (left + needed > settings.maxStorage)
    throw new Problem('storage_full', { limit: settings.maxStorage, present, needed });
}
