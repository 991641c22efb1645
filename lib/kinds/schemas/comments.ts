// Comments on everything that can have one.
import { shadowRole } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import type { Kind, Scope } from '../../model/kind.ts';
import { literal } from '../../model/quote.ts';
import { standardComment } from './schemas.ts';
import { buildOwnObject, describeParent, formatReference } from './targets.ts';

interface Comment {
  readonly text: string;
}

// If a schema file does not mention it, the comment of `public` stays as it is, even if there is none.
const ofPublic = {
  id: 'comment:@schema:public',
  kind: 'comment',
  path: ['public'],
  signature: '',
  parent: 'schema:public',
  origins: [],
  position: 0,
  payload: { text: standardComment },
};

const set = (fact: Fact<Comment>, scope: Scope) =>
  `COMMENT ON ${formatReference(fact, scope)} IS ${literal(fact.payload.text)}`;

// Back to the default: an extension's comment comes from its control file. It goes before its object changes,
// which may be a change of the object's name.
function remove(fact: Fact<Comment>, scope: Scope): string {
  const reference = formatReference(fact, { ...scope, after: scope.before });
  const [kind, name] = [fact.parent?.split(':', 1)[0], fact.path[0] ?? ''];
  if (kind === 'extension')
    return `DO $$BEGIN EXECUTE format(${literal(`COMMENT ON ${reference} IS %L`)}, (SELECT comment
  FROM pg_catalog.pg_available_extensions WHERE name = ${literal(name)})); END$$`;
  return `COMMENT ON ${reference} IS NULL`;
}

/** COMMENT ON (manual: catalogs pg_description, pg_shdescription). Those that come unasked are no facts. */
export const comment: Kind<Comment> = {
  name: 'comment',
  words: { text: 'plain' },
  reference: (fact) => `COMMENT ON ${describeParent(fact)}`,
  introspect: () => `
    select '{}'::text[] as addresses, '{}'::text[] as path,
      case when k.oid is null then format('%s:%s:%s', c.relname, d.objoid, d.objsubid)
        else 'pg_constraint:' || k.oid || ':0' end as target,
      -- The index of a constraint can have a comment of its own.
      case when k.oid is null then '' else 'INDEX ' || d.objoid::regclass end as signature,
      d.description as text
    from (select classoid, objoid, objsubid, description from pg_description
        union all select classoid, objoid, 0, description from pg_shdescription
        where classoid = 'pg_subscription'::regclass) d
      join pg_class c on c.oid = d.classoid
      left join pg_constraint k on d.classoid = 'pg_class'::regclass and d.objsubid = 0
      and k.conindid = d.objoid
        and k.contype in ('p', 'u', 'x')
    where ${buildOwnObject('d.classoid', 'd.objoid')} and case d.classoid
      when 'pg_namespace'::regclass then d.objoid <> to_regnamespace('public')
      when 'pg_extension'::regclass then d.description is distinct from (select a.comment
        from pg_available_extensions a join pg_extension x on x.extname = a.name where x.oid = d.objoid)
      else true end
    union all select '{}', '{}', 'pg_namespace:' || n.oid || ':0', '', d.text
    from pg_namespace n
      cross join lateral (select coalesce(obj_description(n.oid, 'pg_namespace'), '') as text) d
    where n.nspname = 'public'
      and not (current_user = '${shadowRole}' and n.oid < 16384 and d.text = ${literal(standardComment)})`,
  create: (fact, scope) =>
    fact.id === ofPublic.id && fact.payload.text === standardComment ? [] : set(fact, scope),
  drop: remove,
  alter: { text: (_, to, scope) => set(to, scope) },
  initial: [ofPublic],
  order: { followsChanges: true },
  reconcile: {
    optional: ({ id }) => id === ofPublic.id,
    unsaid: () => ofPublic,
  },
};
