// Sequences. Those of identity columns belong to their columns and are no facts of this kind.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import {
  alterSequenceOptions,
  formatSequenceOptions,
  makeSequenceChanges,
  type SequenceOptions,
  sequenceColumns,
} from './sequence-options.ts';

interface Sequence extends SequenceOptions {
  readonly unlogged: boolean;
}

const recount = ({ payload: from }: Fact<Sequence>, { payload: to, path }: Fact<Sequence>) =>
  alterSequenceOptions(qualify(path), from, to);

/** CREATE SEQUENCE (manual: catalog pg_sequence). */
export const sequence: Kind<Sequence> = {
  name: 'sequence',
  reference: (fact) => `SEQUENCE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_class', `relkind = 'S'`),
  introspect: () => `
    select array['pg_class:' || c.oid || ':0'] as addresses, array[n.nspname, c.relname] as path,
    ${sequenceColumns},
      c.relpersistence = 'u' as unlogged
    from pg_sequence q join pg_class c on c.oid = q.seqrelid join pg_namespace n on n.oid = c.relnamespace
    where c.relpersistence <> 't' and ${buildOwnCondition('pg_class', 'c.oid', 'c.relnamespace')}
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
        and d.refclassid = 'pg_class'::regclass and d.deptype = 'i')`,
  create: ({ path, payload }) => {
    const type = payload.type === 'bigint' ? [] : [`AS ${payload.type}`];
    const head = `CREATE ${payload.unlogged ? 'UNLOGGED ' : ''}SEQUENCE ${qualify(path)}`;
    return [head, ...type, ...formatSequenceOptions(payload)].join(' ');
  },
  rename: makeRename('SEQUENCE'),
  drop: (fact) => `DROP SEQUENCE ${qualify(fact.path)}`,
  alter: {
    type: recount,
    ...makeSequenceChanges(recount),
    unlogged: (_, to) =>
      `ALTER SEQUENCE ${qualify(to.path)} SET ${to.payload.unlogged ? 'UNLOGGED' : 'LOGGED'}`,
  },
  // It has no type, but the server creates none where a type has its name (source: heap.c).
  order: { slots: (fact) => [`relation ${qualify(fact.path)}`, `type ${qualify(fact.path)}`] },
  data: { holdsData: () => true },
};
