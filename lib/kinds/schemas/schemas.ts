// Schemas. `public` is there from the start, so it is only ever noticed when it is missing.
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import { makeRename } from './renaming.ts';

type Schema = Record<never, never>;

/** initdb's comment on the schema `public` (source: template1_extra_fixup in initdb.c). */
export const standardComment = 'standard public schema';

/** CREATE SCHEMA (manual: catalog pg_namespace). */
export const schema: Kind<Schema> = {
  name: 'schema',
  reference: (fact) => `SCHEMA ${qualify(fact.path)}`,
  introspect: () => `
    select array['pg_namespace:' || n.oid || ':0'] as addresses, array[n.nspname] as path
    from pg_namespace n
    where n.nspname = 'public' or (n.oid >= 16384 and n.nspname !~ '^pg_' and not exists (select
    from pg_depend e
      where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e'))`,
  // The schema as initdb creates it; other settings are separate facts.
  create: (fact) => {
    const create = `CREATE SCHEMA ${qualify(fact.path)}`;
    if (fact.path[0] !== 'public') return create;
    return [
      create,
      `GRANT USAGE ON SCHEMA public TO PUBLIC`,
      `COMMENT ON SCHEMA public IS ${literal(standardComment)}`,
    ];
  },
  rename: makeRename('SCHEMA'),
  drop: (fact) => `DROP SCHEMA ${qualify(fact.path)}`,
  alter: {},
  initial: [
    {
      id: 'schema:public',
      kind: 'schema',
      path: ['public'],
      signature: '',
      parent: null,
      origins: [],
      position: 0,
      payload: {},
    },
  ],
};
