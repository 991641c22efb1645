// The queue on pg-boss, in the service's own database. It is one transaction with the job's row.
import PgBoss from 'pg-boss';
import type { Connection } from '../pg/connection.ts';
import { toProblem } from '../problem/problem.ts';
import { renewLeases } from './leases.ts';
import type { LaneQueue } from './queue.ts';
import type { Store } from './store.ts';

// Below a day, which is pg-boss's limit. Jobs may take longer: `service.jobs` has their state.
const expireInHours = 23;

/**
 * Opens the queue and makes its tables.
 * @param owner the service that takes jobs
 * @param onError takes the problems of its maintenance
 * @throws Problem `queue_unavailable`
 */
export async function openBossQueue(
  store: Store,
  owner: string,
  onError: (problem: Error) => void,
): Promise<LaneQueue> {
  const boss = new PgBoss({
    db: ownSession(store),
    schedule: false,
    retryLimit: 0,
    expireInHours,
    deleteAfterDays: 1,
  });
  boss.on('error', onError);
  await store.prepare(() => boss.start());
  const remove: LaneQueue['end'] = async (session, { lane, queueId }) => {
    await boss.deleteJob(lane, queueId, { db: within(session) });
  };
  return {
    async add(session, { id, lane, delay }) {
      await makeLane(session, lane);
      const options = { db: within(session), startAfter: delay, retryLimit: 0, expireInHours };
      const queueId = await boss.send(lane, { job: id }, { ...options, singletonKey: lane });
      return queueId as string;
    },
    async take(session, lane) {
      const one = within(session);
      const [job] = await boss.fetch<{ job: string }>(lane, { db: one, batchSize: 1 });
      // pg-boss hides the error. A lane of writers in use is one, and ends the transaction.
      one.rethrow();
      return job === undefined ? null : { id: job.data.job, queueId: job.id };
    },
    renew: (session, ids) => renewLeases(session, owner, ids),
    end: remove,
    cancel: remove,
    close: () => boss.stop({ graceful: false, close: false }),
  };
}

// Writers, and exports, of one database exclude one another in the queue, too: two services never run two.
// `create_queue` locks a row first and then the table of all queues, so two at once would be a deadlock.
async function makeLane(session: Connection, lane: string): Promise<void> {
  if ((await session.rows('select from pgboss.queue where name = $1', [lane])).length > 0) return;
  await session.execute('select pg_catalog.pg_advisory_xact_lock(7241865325823967)');
  const policy = lane.startsWith('read-') ? 'standard' : 'singleton';
  await session.rows('select pgboss.create_queue($1, $2::json)', [lane, JSON.stringify({ policy })]);
}

// The session of the store, for pg-boss's own work.
function ownSession(store: Store): PgBoss.Db {
  return {
    executeSql: (text, values) =>
      store.use((session) =>
        run(session, text, values).catch(async (thrown: unknown) => {
          // Its scripts begin transactions, which a failure leaves open.
          await session.execute('rollback').catch(() => undefined);
          throw thrown;
        }),
      ),
  };
}

// The session of a transaction, for one call of pg-boss.
function within(session: Connection): PgBoss.Db & { rethrow(): void } {
  let failure: unknown;
  return {
    executeSql: (text, values) =>
      run(session, text, values).catch((thrown: unknown) => {
        failure = thrown;
        throw thrown;
      }),
    rethrow() {
      if (failure !== undefined) throw toProblem(failure);
    },
  };
}

// Statements without parameters may be several.
async function run(
  session: Connection,
  text: string,
  values?: readonly unknown[],
): Promise<{ rows: never[] }> {
  if (values !== undefined && values.length > 0) return { rows: await session.rows(text, values) };
  if (!/^\s*(begin|create)\b/i.test(text)) return { rows: await session.rows(text) };
  await session.execute(text);
  return { rows: [] };
}
