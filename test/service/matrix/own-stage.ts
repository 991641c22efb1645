// A stage with database servers of its own, which faults may restart.
import type { Database } from '../../servers/databases.ts';
import { type OwnServer, startServer } from '../../servers/server.ts';
import { resetTarget } from './content.ts';
import { type CancelledKind, isOver, startKind } from './jobs.ts';
import { park } from './parking.ts';
import { openStage, type QueueName, type Stage } from './stage.ts';

/** The choices of such a stage. */
export interface OwnStagePlan {
  /** A major version, or a folder of programs. */
  readonly which: number | string;
  readonly queue: QueueName;
  /** As of a stage. */
  readonly others?: number;
  readonly workers?: number;
  readonly serve?: object;
  /** Left out: a server and a database of its own. */
  readonly target?: { readonly server: OwnServer; readonly database: Database };
}

/** A stage, its servers, and the time that its jobs take. */
export interface OwnStage {
  readonly stage: Stage;
  /** Milliseconds that a job of a kind takes undisturbed. */
  usual(kind: CancelledKind): Promise<number>;
  close(): Promise<void>;
}

/** Opens such a stage. */
export async function openOwnStage({ which, queue, target, ...rest }: OwnStagePlan): Promise<OwnStage> {
  const servers: OwnServer[] = [];
  const start = async () => {
    const server = await startServer(which);
    servers.push(server);
    return server;
  };
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())));
  try {
    const ends = { source: await start(), target: target?.server ?? (await start()) };
    const more = { ...rest, ...(target && { target: target.database }) };
    const stage = await openStage({ queue, servers: ends, ...more });
    const known = new Map<CancelledKind, number>();
    return {
      stage,
      async usual(kind) {
        const time = known.get(kind) ?? (await measure(stage, kind));
        known.set(kind, time);
        return time;
      },
      close: () => stage.close().finally(stop),
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function measure(stage: Stage, kind: CancelledKind): Promise<number> {
  await park(stage, 'service');
  await resetTarget(stage.target);
  const id = await startKind(stage, kind);
  await stage.service.until(id, ({ state }) => state !== 'waiting');
  const start = performance.now();
  const job = await stage.service.until(id, isOver);
  if (job.state !== 'done') throw new Error(`an undisturbed job fails: ${JSON.stringify(job)}`);
  return performance.now() - start;
}
