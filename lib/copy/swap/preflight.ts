// The checks of a swap, in addition to those of every clone.

import { quote } from '../../model/quote.ts';
import { queryPinned } from '../../pg/pinned.ts';
import { formatCount } from '../../problem/amount.ts';
import { resolveJobs } from '../../project/jobs.ts';
import type { CloneInput } from '../options.ts';
import { type CopyEnds, type PreflightCheck, toCheck } from '../preflight.ts';
import { type Kept, listKept, makeKeptName } from './databases.ts';

/** The plan of a swap. */
export interface SwapPlan {
  /** Sessions on each side. */
  readonly jobs: number;
  /** Sessions of others in the target, which are ended when it is exchanged. */
  readonly sessions: number;
  /** The name under which the target is kept, up to the time; null: it is dropped. */
  readonly keeps: string | null;
  /** Databases that were kept, and are dropped. */
  readonly drops: readonly Kept[];
}

interface TargetFacts {
  readonly name: string;
  readonly role: string;
  readonly backend: number;
  readonly makes: boolean;
  readonly owns: boolean;
  readonly sessions: number;
  readonly beyond: number;
  readonly prepared: number;
  readonly slots: number;
  readonly others: number;
  readonly free: number;
}

// The sessions that a role may end (manual: "Server Signaling Functions"). Free connections are counted now,
// for this role.
const question = `select d.datname::text as name, current_user::text as role,
    pg_backend_pid() as backend, r.rolsuper
  or r.rolcreatedb as makes,
    pg_has_role(d.datdba, 'usage') as owns, count(a.pid)::int as sessions,
    count(a.pid) filter (where not (r.rolsuper or a.usesysid is null or pg_has_role(a.usesysid, 'usage')
      or not coalesce(u.rolsuper, false) and pg_has_role('pg_signal_backend', 'usage')))::int as beyond,
    (select count(*)::int from pg_prepared_xacts where database = d.datname) as prepared,
    (select count(*)::int from pg_replication_slots where database = d.datname) as slots,
    (select count(*)::int from pg_database o where o.datallowconn and o.oid <> d.oid
      and has_database_privilege(o.oid, 'connect')) as others,
    (select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - count(*)::int
      from pg_stat_activity where backend_type in ('client backend', 'walsender')) as free
  from pg_database d join pg_roles r on r.rolname = current_user
    left join pg_stat_activity a on a.datid = d.oid and a.pid <> pg_backend_pid()
    and a.backend_type <> 'autovacuum worker'
    left join pg_roles u on u.oid = a.usesysid
  where d.datname = current_database() group by d.oid, d.datname, d.datdba, r.rolsuper, r.rolcreatedb`;

/** Plans a swap, and says what speaks against it. @throws Problem `bad_option`; of a connection */
export async function planSwap(
  ends: CopyEnds,
  input: CloneInput,
  now: Date,
): Promise<{ plan: SwapPlan; checks: PreflightCheck[] }> {
  const { connection, named } = ends.to;
  const jobs = resolveJobs(input.jobs);
  const [row] = await queryPinned<TargetFacts>(connection, question);
  const found = row as TargetFacts;
  const dropOld = input.dropOld === true;
  const plan: SwapPlan = {
    jobs,
    sessions: found.sessions,
    keeps: dropOld ? null : makeKeptName(found.name, now),
    drops: dropOld ? await listKept(connection, found.name) : [],
  };
  return { plan, checks: checksOf(found, jobs, named.name, connection.backend) };
}

// Each check with what speaks against the swap, or with what is fine.
function checksOf(found: TargetFacts, jobs: number, role: string, backend: number | null): PreflightCheck[] {
  // Two that make and exchange databases.
  const needed = jobs + 2;
  const room = `${needed} more are needed on the server of ${role}, and ${found.free} are free`;
  return [
    check('new database', makingFault(found, role), 'the role can create and rename it'),
    check(
      'another database',
      found.others === 0 &&
        'to rename it, the role needs another database on the server that it can connect to',
      'the role can rename it from another database',
    ),
    check(
      'direct connection',
      backend !== null &&
        backend !== found.backend &&
        `${role} is behind a pooler: use the direct address of the server`,
      'there is no pooler',
    ),
    check(
      'other sessions',
      found.beyond > 0 &&
        `the role cannot end ${found.beyond} of the` +
          ` ${formatCount(found.sessions, 'other session')} in ${role}`,
      found.sessions === 0 ? 'none' : `the swap ends ${formatCount(found.sessions, 'session')} in ${role}`,
    ),
    check(
      'prepared transactions',
      found.prepared > 0 && `commit or roll back ${found.prepared} prepared transactions in ${role} first`,
      'none',
    ),
    check('connections', found.free < needed && room, room),
    ...slotWarnings(found, role),
  ];
}

const check = (name: string, fault: string | false, text: string): PreflightCheck =>
  toCheck(name, fault === false ? null : fault, text);

function makingFault({ name, role, makes, owns }: TargetFacts, target: string): string | false {
  const me = quote(role);
  if (!makes)
    return `the role ${me} of ${target} cannot create databases. Run there: ALTER ROLE ${me} CREATEDB;`;
  const way = `Run there: ALTER DATABASE ${quote(name)} OWNER TO ${me};`;
  return !owns && `the role ${me} of ${target} does not own the database, so it cannot rename it. ${way}`;
}

function slotWarnings({ slots }: TargetFacts, role: string): PreflightCheck[] {
  const text = `${slots} of ${role} stay with the old database`;
  return slots === 0 ? [] : [{ name: 'replication slots', outcome: 'warning', text }];
}
