// Subscriptions. They are created without a call to the publisher, as pg_dump does: the user creates the slot
// to start one.
import type { Fact } from '../../model/fact.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { hidePasswords } from '../../problem/redact.ts';
import { makeRename } from '../schemas/renaming.ts';

/** The payload of a subscription. */
interface Subscription {
  readonly connection: string;
  readonly publications: readonly string[];
  readonly enabled: boolean;
  /** Null: it has no slot at the publisher. */
  readonly slot: string | null;
  readonly binary: boolean;
  /**
   * `off`, `on` or `parallel` (from 16 on). Null: a schema file leaves it to the server, whose version
   * decides.
   */
  readonly streaming: string | null;
  readonly twoPhase: boolean;
  readonly disableOnError: boolean;
  readonly synchronousCommit: string;
  /** From 16 on. */
  readonly passwordRequired: boolean;
  readonly runAsOwner: boolean;
  readonly origin: string;
  /** From 17 on. */
  readonly failover: boolean;
}

/** The options in WITH (…). */
type Option = Exclude<keyof Subscription, 'connection' | 'publications' | 'enabled'>;

/** Their names, the version that they came with, and what servers do that do not know them. */
const subscriptionOptions: Readonly<
  Record<Option, readonly [name: string, since: number, unknown?: string | boolean]>
> = {
  slot: ['slot_name', 15],
  binary: ['binary', 15],
  streaming: ['streaming', 15],
  twoPhase: ['two_phase', 15],
  disableOnError: ['disable_on_error', 15],
  synchronousCommit: ['synchronous_commit', 15],
  passwordRequired: ['password_required', 16, true],
  runAsOwner: ['run_as_owner', 16, false],
  origin: ['origin', 16, 'any'],
  failover: ['failover', 17, false],
};

/** All of them. */
const subscriptionOptionNames = Object.keys(subscriptionOptions) as Option[];

type Row = Fact<Subscription>;
function assignment({ payload }: Row, option: Option): string {
  const value = payload[option];
  const text = value === null ? 'NONE' : typeof value === 'string' ? literal(value) : String(value);
  return `${subscriptionOptions[option][0]} = ${text}`;
}

const alter = (fact: Row, action: string) => `ALTER SUBSCRIPTION ${qualify(fact.path)} ${action}`;
const change = (option: Option) => (from: Row, to: Row) => {
  const stopped = to.payload.enabled && from.payload.enabled && ['slot', 'failover'].includes(option);
  const set = alter(to, `SET (${assignment(to, option)})`);
  return stopped ? [alter(to, 'DISABLE'), set, alter(to, 'ENABLE')] : set;
};
const publicationsOf = ({ payload }: Row) => payload.publications.map(quote).join(', ');

/**
 * CREATE SUBSCRIPTION (manual: catalog pg_subscription, of which only superusers may read where it connects
 * to).
 */
export const subscription: Kind<Subscription> = {
  name: 'subscription',
  words: { connection: 'plain', publications: 'plain', slot: 'plain', origin: 'plain' },
  reference: (fact) => `SUBSCRIPTION ${qualify(fact.path)}`,
  present: 'exists (select from pg_subscription)',
  // A query that names the column is refused even for no rows, so it is run only where it is allowed, as a
  // text.
  introspect: (major) => `
    select array['pg_subscription:' || s.oid || ':0'] as addresses, array[s.subname] as path,
      (select word
      from ts_stat(format('select array_to_tsvector(array[subconninfo]) from pg_subscription where oid = %s',
      s.oid)))
        as connection,
      array(select p from unnest(s.subpublications) p order by p) as publications, s.subenabled as enabled,
      s.subslotname as slot, s.subbinary as binary,
      ${
        major < 16
          ? `case when s.substream then 'on' else 'off'
        end`
          : `case s.substream when 't' then 'on' when 'p' then 'parallel' when 'f' then 'off' end`
      } as streaming,
      s.subtwophasestate <> 'd' as "twoPhase", s.subdisableonerr as "disableOnError",
      s.subsynccommit as "synchronousCommit",
      ${
        major < 16
          ? `true as "passwordRequired", false as "runAsOwner", 'any' as origin`
          : `s.subpasswordrequired as "passwordRequired", s.subrunasowner as "runAsOwner",
            s.suborigin as origin`
      },
      ${major < 17 ? 'false' : 's.subfailover'} as failover
    from pg_subscription s where s.subdbid = (select d.oid from pg_database d
    where d.datname = current_database())
      and has_column_privilege('pg_subscription', 'subconninfo', 'select')`,
  create: (fact, { major }) => {
    const left = (option: Option) => option === 'streaming' && fact.payload[option] === null;
    const known = subscriptionOptionNames.filter(
      (option) => subscriptionOptions[option][1] <= major && !left(option),
    );
    const list = ['connect = false', ...known.map((option) => assignment(fact, option))].join(', ');
    const { connection, enabled } = fact.payload;
    return [
      `CREATE SUBSCRIPTION ${qualify(fact.path)} CONNECTION ${literal(connection)} PUBLICATION` +
        ` ${publicationsOf(fact)} WITH (${list})`,
      ...(enabled ? [alter(fact, 'ENABLE')] : []),
    ];
  },
  // Left to itself, DROP SUBSCRIPTION calls the publisher and cannot be taken back. The slot there is left
  // behind.
  rename: makeRename('SUBSCRIPTION'),
  drop: (fact): (string | Statement)[] => [
    ...(fact.payload.enabled ? [alter(fact, 'DISABLE')] : []),
    ...(fact.payload.slot === null ? [] : [alter(fact, 'SET (slot_name = NONE)')]),
    { sql: `DROP SUBSCRIPTION ${qualify(fact.path)}`, hazards: ['irreversible'] },
  ],
  alter: {
    connection: (_, to) => alter(to, `CONNECTION ${literal(to.payload.connection)}`),
    publications: (_, to) => alter(to, `SET PUBLICATION ${publicationsOf(to)} WITH (refresh = false)`),
    enabled: (_, to) => alter(to, to.payload.enabled ? 'ENABLE' : 'DISABLE'),
    slot: change('slot'),
    binary: change('binary'),
    streaming: change('streaming'),
    twoPhase: 'replace',
    disableOnError: change('disableOnError'),
    synchronousCommit: change('synchronousCommit'),
    passwordRequired: change('passwordRequired'),
    runAsOwner: change('runAsOwner'),
    origin: change('origin'),
    failover: change('failover'),
  },
  masked: (payload, hide) => ({ ...payload, connection: hidePasswords(payload.connection, hide) }),
  data: {
    afterRows: true,
    // A copy would receive the changes that the publisher sends to the source.
    copyRefusal: () => 'it would take over the subscription of the source',
  },
  reconcile: {
    settled: (fact, { other }) => {
      const { streaming = null } = (other.facts.get(fact.id) as Row | undefined)?.payload ?? {};
      return fact.payload.streaming !== null || streaming === null
        ? fact
        : { ...fact, payload: { ...fact.payload, streaming } };
    },
    atVersion: (payload, major) => {
      const unknown = subscriptionOptionNames.filter((option) => subscriptionOptions[option][1] > major);
      return {
        ...payload,
        ...Object.fromEntries(unknown.map((option) => [option, subscriptionOptions[option][2]])),
      };
    },
  },
};
