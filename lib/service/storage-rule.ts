// The rule of storage for a job that starts: the limit, the rules of deletion, and files in use.
import type { Retention } from '../flow/retention.ts';
import { listFilesInUse } from './jobs.ts';
import type { ScheduleDefinition } from './schedule-schemas.ts';
import { readConfigured } from './schedules.ts';
import type { JobHost } from './service.ts';
import { findRetention, type StorageRule } from './storage.ts';
import type { Turn } from './store.ts';

type RuleHost = Pick<JobHost, 'store' | 'project' | 'settings'>;

/** The rules by which old backups are deleted. @throws Problem `queue_unavailable`, `bad_config` */
export async function readRetention({ store, project }: RuleHost, turn: Turn): Promise<Retention> {
  const sql = 'select definition from service.schedules where definition is not null';
  const rows = await store.use((session) => session.rows<{ definition: ScheduleDefinition }>(sql), turn);
  const configured = [...readConfigured(project.serve?.schedules ?? {}).values()];
  return findRetention([...configured, ...rows].map(({ definition }) => definition));
}

/** The rule for a job that starts now. @throws Problem `queue_unavailable`, `bad_config` */
export async function readStorageRule(host: RuleHost, turn: Turn): Promise<StorageRule> {
  const retention = await readRetention(host, turn);
  const inUse = await host.store.use(listFilesInUse, turn);
  return { limit: host.settings.maxStorage, retention, inUse };
}
