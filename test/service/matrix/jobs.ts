// The jobs under test: how each kind is started.
import type { ServiceJob } from '../../../lib/service/schemas.ts';
import type { Stage } from './stage.ts';

/** The kinds of jobs in the matrix. `import`: a script without a manifest; `swap`: a clone with --swap. */
export const kinds = ['export', 'import', 'restore', 'clone', 'swap', 'data'] as const;
/** See {@link kinds}. */
export type TestedKind = (typeof kinds)[number];

/** The other kinds, which have nothing to lose and can be cancelled. */
export const otherKinds = ['verify', 'drill', 'drift', 'prune'] as const;
/** Every kind that can be cancelled. */
export type CancelledKind = TestedKind | (typeof otherKinds)[number];

/** True if a job of this kind uses that end. */
export function uses(kind: TestedKind, subject: string): boolean {
  if (subject === 'source') return kind !== 'import' && kind !== 'restore';
  return subject !== 'target' || kind !== 'export';
}

/** True if a job of this kind changes the rows of its target. */
export const writes = (kind: CancelledKind) =>
  kind !== 'export' && (kinds as readonly string[]).includes(kind);

/** True if a job is over. */
export const isOver = ({ state }: Pick<ServiceJob, 'state'>) => /^(done|failed|cancelled)$/.test(state);

/** Starts a job. @returns its id */
export async function startKind(stage: Stage, kind: CancelledKind): Promise<string> {
  const id = await request(stage, kind);
  stage.started.add(id);
  return id;
}

async function request({ service, files }: Stage, kind: CancelledKind): Promise<string> {
  const to = { to: 'target', force: true, confirm: 'target' };
  const post = async (path: string, body?: object) =>
    (await service.ask<{ id: string }>('POST', path, body)).id;
  switch (kind) {
    case 'export':
      return service.add('export', { database: 'source', format: 'native' });
    case 'import':
      return service.add('import', { file: files.script, withoutManifest: true, ...to });
    case 'restore':
      return service.add('import', { file: files.backup, ...to });
    case 'data':
      return service.add('data', { from: 'source', ...to });
    case 'verify':
      return post(`/api/backups/${files.backup}/verify`, {});
    case 'drill':
      return post(`/api/backups/${files.backup}/verify`, { drill: true, on: 'target' });
    case 'drift':
      return post('/api/databases/source/drift');
    case 'prune':
      return post('/api/backups/prune', { keepDaily: 9 });
    default:
      return service.add('clone', { from: 'source', ...to, ...(kind === 'swap' && { swap: true }) });
  }
}
