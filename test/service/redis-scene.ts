// A service, workers of it and their Redis, each reached by a line that can be cut.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { type Line, openLine, urlBy } from '../servers/line.ts';
import { type OwnRedis, startRedis } from '../servers/redis.ts';
import { anyServer } from '../servers/running.ts';
import { type FaultScene, fillSource, resetTarget } from './fault-trial.ts';
import { type RunningService, type RunningWorker, startService, startWorker } from './scene.ts';

/** The scene of a trial. */
export interface RedisScene extends FaultScene {
  readonly redis: OwnRedis;
  readonly workers: readonly RunningWorker[];
  /** From the service to Redis, from the workers to Redis, and from the workers to the target. */
  readonly lines: { readonly service: Line; readonly workers: Line; readonly target: Line };
  readonly folder: string;
  close(): Promise<void>;
}

/** The choices of a scene. */
export interface RedisSceneOptions {
  readonly workers: number;
  /** The member `serve` of the configuration. */
  readonly serve?: object;
  /** The target; left out: a database of its own. */
  readonly target?: Database;
}

/** Opens a scene whose service leaves all jobs to its workers. */
export async function openRedisScene(choices: RedisSceneOptions): Promise<RedisScene> {
  const { workers: count, serve } = choices;
  const redis = await startRedis();
  const source = await freshDatabase(anyServer());
  const target = choices.target ?? (await freshDatabase(anyServer()));
  await fillSource(source);
  if (choices.target === undefined) await resetTarget(target);
  const lines = {
    service: await openLine(redis.port),
    workers: await openLine(redis.port),
    target: await openLine(Number(new URL(target.url).port)),
  };
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-backups-'));
  const environments = { source: source.url, target: target.url };
  const at = (line: Line, concurrency: string) => ({
    PGMAGE_QUEUE_URL: redis.urlAt(line.port),
    DUMP_DIRECTORY: folder,
    PGMAGE_CONCURRENCY: concurrency,
  });
  const service = await startService({
    environments,
    variables: at(lines.service, '0'),
    ...(serve !== undefined && { serve }),
  });
  const byLine = { ...environments, target: urlBy(lines.target, target.url) };
  const options = { environments: byLine, variables: at(lines.workers, '1') };
  const workers = await Promise.all(Array.from({ length: count }, () => startWorker(options)));
  const made = await service.run('export', { database: 'source', format: 'native' });
  return {
    ...{ redis, source, target, lines, folder, service, workers },
    file: (made.result as { file: string }).file,
    close: () => closeScene({ redis, source, target, lines, folder, service, workers }),
  };
}

async function closeScene(scene: Omit<RedisScene, 'file' | 'close'>): Promise<void> {
  const { redis, source, target, lines, folder, service, workers } = scene;
  for (const one of [service, ...workers] as (RunningService | RunningWorker)[]) await one.remove();
  for (const line of Object.values(lines)) line.close();
  await dropAll(source, target);
  await redis.remove();
  rmSync(folder, { recursive: true, force: true });
}

async function dropAll(...databases: readonly Database[]): Promise<void> {
  for (const one of databases) await one.drop();
}
