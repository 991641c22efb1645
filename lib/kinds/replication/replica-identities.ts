// REPLICA IDENTITY where it is not the default.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';

interface ReplicaIdentity {
  /** `FULL`, `NOTHING`, or `USING INDEX` with `index`. */
  readonly mode: string;
  readonly index: string | null;
}

const set = ({ path, payload }: Fact<ReplicaIdentity>) =>
  `ALTER TABLE ONLY ${qualify(path)} REPLICA IDENTITY` +
  ` ${payload.mode}${payload.index === null ? '' : ` ${quote(payload.index)}`}`;

/** ALTER TABLE … REPLICA IDENTITY (manual: pg_class.relreplident, pg_index.indisreplident). */
export const replicaIdentity: Kind<ReplicaIdentity> = {
  name: 'replica identity',
  reference: (fact) => `REPLICA IDENTITY OF ${qualify(fact.path)}`,
  introspect: () => `
    select '{}'::text[] as addresses, array[n.nspname, c.relname] as path,
    'pg_class:' || c.oid || ':0' as parent,
      case when x.oid is not null then array(select 'pg_class:' || x.oid || ':0' union all
        select format('not_null:%s:%s', c.oid, a)
        from unnest(i.indkey::int2[]) with ordinality k (a, at) where at <= i.indnkeyatts) end as needs,
      case c.relreplident when 'f' then 'FULL' when 'n' then 'NOTHING' else 'USING INDEX' end as mode,
      x.relname as index
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join pg_index i on i.indrelid = c.oid and i.indisreplident left join pg_class x
      on x.oid = i.indexrelid
    where c.relkind in ('r', 'p') and c.relreplident <> 'd' and (c.relreplident <> 'i' or x.oid is not null)
      and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}`,
  create: set,
  drop: ({ path }) => `ALTER TABLE ONLY ${qualify(path)} REPLICA IDENTITY DEFAULT`,
  alter: { mode: (_, to) => set(to), index: (_, to) => set(to) },
};
