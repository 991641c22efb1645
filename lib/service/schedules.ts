// The schedules of a service: those of the configuration and those made by the API, with their state.

import { Compile } from 'typebox/compile';
import type { ScheduleConfig } from '../config/serve.ts';
import type { Connection } from '../pg/connection.ts';
import { configFile } from '../problem/config-file.ts';
import { Problem } from '../problem/problem.ts';
import { readClock } from './clock.ts';
import { type Schedule, type ScheduleDefinition, ScheduleDefinitionSchema } from './schedule-schemas.ts';
import { describeFault } from './shape-faults.ts';

/** A schedule with its row. */
export interface ScheduleState {
  readonly name: string;
  readonly definition: ScheduleDefinition;
  readonly source: Schedule['source'];
  /** An address that is called after each end; only the configuration has one. */
  readonly ping: string | null;
  readonly paused: boolean;
  /** When it was first seen. */
  readonly since: Date;
  readonly lastSlot: Date | null;
  readonly lastJob: string | null;
  readonly lastState: string | null;
  readonly lastSuccess: Date | null;
  readonly problem: unknown;
  readonly warnedAt: Date | null;
}

/** The name under which a schedule requests its jobs. */
export const requesterName = (name: string) => `schedule ${name}`;

const shape = Compile(ScheduleDefinitionSchema);
const validName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/**
 * Checks a definition.
 * @throws Problem `bad_request`
 */
export function checkSchedule(name: string, given: unknown): ScheduleDefinition {
  if (!validName.test(name))
    throw new Problem('bad_request', { reason: `a schedule cannot be named ${name.slice(0, 80)}` });
  if (!shape.Check(given)) {
    const reason = describeFault(ScheduleDefinitionSchema, given, `schedule ${name}`);
    throw new Problem('bad_request', { reason });
  }
  readClock(given as ScheduleDefinition);
  return given as ScheduleDefinition;
}

/** The schedules of the configuration, checked. @throws Problem `bad_config` */
export function readConfigured(
  configured: Readonly<Record<string, ScheduleConfig>>,
): ReadonlyMap<string, { readonly definition: ScheduleDefinition; readonly ping: string | null }> {
  return new Map(
    Object.entries(configured).map(([name, { ping, ...rest }]) => {
      try {
        return [name, { definition: checkSchedule(name, rest), ping: ping ?? null }];
      } catch (thrown) {
        const reason = `serve.schedules: ${(thrown as Error).message}`;
        throw new Problem('bad_config', { file: configFile(), reason }, { cause: thrown });
      }
    }),
  );
}

type Configured = ReturnType<typeof readConfigured>;

/** Adds the rows of the configured schedules, and deletes those that the configuration has no more. */
export async function matchRows(session: Connection, configured: Configured): Promise<void> {
  const names = [...configured.keys()];
  await session.rows(
    `delete from service.schedules where definition is null and not (name = any($1::text[]))`,
    [names],
  );
  await session.rows(
    `insert into service.schedules (name) select pg_catalog.unnest($1::text[])
     on conflict (name) do update set definition = null where service.schedules.definition is not null`,
    [names],
  );
}

interface Row extends Omit<ScheduleState, 'definition' | 'source' | 'ping' | DateMember> {
  readonly definition: ScheduleDefinition | null;
  readonly since: string;
  readonly lastSlot: string | null;
  readonly lastSuccess: string | null;
  readonly warnedAt: string | null;
}
type DateMember = 'since' | 'lastSlot' | 'lastSuccess' | 'warnedAt';

const epoch = (column: string) => `(extract(epoch from ${column}) * 1000)::text`;

/** All schedules, by their names. */
export async function listSchedules(session: Connection, configured: Configured): Promise<ScheduleState[]> {
  const rows = await session.rows<Row>(
    `select s.name, s.definition, s.paused, ${epoch('s.since')} as since,
       ${epoch('s.last_slot')} as "lastSlot", s.last_job as "lastJob", j.state as "lastState",
       ${epoch(
         "(select pg_catalog.max(d.ended_at) from service.jobs d where d.state = 'done'\n" +
           "         and d.requested_by = 'schedule ' || s.name)",
       )} as "lastSuccess",
       s.last_problem as problem, ${epoch('s.warned_at')} as "warnedAt"
     from service.schedules s left join service.jobs j on j.id = s.last_job order by s.name`,
  );
  const date = (text: string | null) => (text === null ? null : new Date(Number(text)));
  return rows.flatMap((row) => {
    const given = configured.get(row.name);
    const definition = row.definition ?? given?.definition;
    if (definition === undefined) return [];
    const times = {
      since: new Date(Number(row.since)),
      lastSlot: date(row.lastSlot),
      lastSuccess: date(row.lastSuccess),
      warnedAt: date(row.warnedAt),
    };
    const source = row.definition === null ? 'configuration' : 'service';
    return [{ ...row, ...times, definition, source, ping: given?.ping ?? null } satisfies ScheduleState];
  });
}

/**
 * The time whose job is to be added now; null: none. After a time without a service, the newest one counts:
 * the others were missed.
 */
export function findDueSlot(schedule: ScheduleState, now: Date): Date | null {
  if (schedule.paused) return null;
  const slot = readClock(schedule.definition).last(now);
  const after = Math.max(schedule.lastSlot?.getTime() ?? 0, schedule.since.getTime());
  return slot !== null && slot.getTime() > after ? slot : null;
}

/** True if the newest success is older than it may be. */
export function isOverdue({ definition, since, lastSuccess, paused }: ScheduleState, now: Date): boolean {
  if (paused) return false;
  const from = lastSuccess ?? since;
  const hours = definition.maxAgeHours;
  const limit = hours === undefined ? 1.5 * readClock(definition).interval(from) : hours * 3_600_000;
  return now.getTime() - from.getTime() > limit;
}

/** A schedule as the API shows it. */
export function describeSchedule(state: ScheduleState, now: Date): Schedule {
  const { name, definition, source, paused, lastSlot, lastJob, lastState, lastSuccess, problem } = state;
  return {
    name,
    definition,
    source,
    paused,
    next: paused ? null : (readClock(definition).next(now)?.toISOString() ?? null),
    last: lastSlot === null ? null : { slot: lastSlot.toISOString(), job: lastJob, state: lastState },
    lastSuccess: lastSuccess?.toISOString() ?? null,
    overdue: isOverdue(state, now),
    problem: problem ?? null,
  };
}
