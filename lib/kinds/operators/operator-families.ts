// Operator families, and the members that belong to none of their classes.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

/** SQL for one operator of a family as CREATE OPERATOR CLASS writes it, from pg_amop m. */
export const operatorMember = `format('OPERATOR %s %s%s', m.amopstrategy, m.amopopr::regoperator,
        case m.amoppurpose when 'o' then (select format(' FOR ORDER BY %I.%I', fn.nspname, f.opfname)
          from pg_opfamily f join pg_namespace fn on fn.oid = f.opfnamespace
          where f.oid = m.amopsortfamily) end)`;

/** SQL for one support function of a family as CREATE OPERATOR CLASS writes it, from pg_amproc m. */
export const functionMember = `format('FUNCTION %s (%s, %s) %s', m.amprocnum,
  format_type(m.amproclefttype, null),
        format_type(m.amprocrighttype, null), m.amproc::regprocedure)`;

/**
 * CREATE OPERATOR FAMILY (manual: catalog pg_opfamily). The signature is its access method: ` USING btree`.
 */
export const operatorFamily: Kind<Record<never, never>> = {
  name: 'operator family',
  reference: (fact) => `OPERATOR FAMILY ${qualify(fact.path)}${fact.signature}`,
  present: buildPresentQuery('pg_opfamily'),
  introspect: () => `
    select array['pg_opfamily:' || f.oid || ':0'] as addresses, array[n.nspname, f.opfname] as path,
      format(' USING %I', am.amname) as signature
    from pg_opfamily f join pg_namespace n on n.oid = f.opfnamespace join pg_am am on am.oid = f.opfmethod
    where ${buildOwnCondition('pg_opfamily', 'f.oid', 'f.opfnamespace')}`,
  create: (fact) => `CREATE OPERATOR FAMILY ${qualify(fact.path)}${fact.signature}`,
  rename: makeRename('OPERATOR FAMILY'),
  drop: (fact) => `DROP OPERATOR FAMILY ${qualify(fact.path)}${fact.signature}`,
  alter: {},
  data: { trial: 'create operator family pg_temp.pgmage_trial using btree' },
};

interface Member {
  readonly definition: string;
}

// The path ends in `OPERATOR 1 (integer, bigint)`: what DROP takes, and an identity.
const family = (fact: Fact<Member>) =>
  `ALTER OPERATOR FAMILY ${qualify(fact.path.slice(0, 2))}${fact.signature}`;

interface MemberCatalog {
  readonly catalog: string;
  readonly number: string;
  readonly prefix: string;
  readonly word: string;
  /** The catalog of the operator or function, and the column that refers to it. */
  readonly object: readonly [catalog: string, column: string];
  readonly definition: string;
}

const operators: MemberCatalog = {
  catalog: 'pg_amop',
  number: 'amopstrategy',
  prefix: 'amop',
  word: 'OPERATOR',
  object: ['pg_operator', 'amopopr'],
  definition: operatorMember,
};

const functions: MemberCatalog = {
  catalog: 'pg_amproc',
  number: 'amprocnum',
  prefix: 'amproc',
  word: 'FUNCTION',
  object: ['pg_proc', 'amproc'],
  definition: functionMember,
};

// Members can be added to the system's own families too, but those of an extension belong to the extension.
const members = ({ catalog, number, prefix, word, object, definition }: MemberCatalog) => `
    select array[format('${catalog}:%s:0', m.oid)] as addresses,
      array[n.nspname, f.opfname, format('${word} %s (%s, %s)', m.${number}, format_type(m.${prefix}lefttype,
      null),
        format_type(m.${prefix}righttype, null))] as path,
      format(' USING %I', am.amname) as signature, case when f.oid >= 16384
      then 'pg_opfamily:' || f.oid || ':0' end as parent,
      ${definition} as definition
    from ${catalog} m join pg_opfamily f on f.oid = m.${prefix}family
      join pg_namespace n on n.oid = f.opfnamespace join pg_am am on am.oid = f.opfmethod
    where m.oid >= 16384 and (f.oid < 16384 or ${buildOwnCondition('pg_opfamily', 'f.oid', 'f.opfnamespace')})
      and not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = m.oid
        and d.refclassid = 'pg_opclass'::regclass)
      and not exists (select from pg_depend e where e.classid = '${object[0]}'::regclass and e.deptype = 'e'
        and e.objid = m.${object[1]})`;

/** Members that are loose in their family (manual: catalogs pg_amop, pg_amproc). */
export const operatorFamilyMember: Kind<Member> = {
  name: 'operator family member',
  reference: (fact) => `OPERATOR FAMILY ${qualify(fact.path.slice(0, 2))}${fact.signature}`,
  summary: (fact) => `${family(fact)} ADD ${fact.payload.definition}`,
  present: `(${buildPresentQuery('pg_amop')} or ${buildPresentQuery('pg_amproc')})`,
  introspect: () => `${members(operators)} union all ${members(functions)}`,
  create: (fact) => `${family(fact)} ADD ${fact.payload.definition}`,
  drop: (fact) => `${family(fact)} DROP ${fact.path[2]}`,
  alter: { definition: 'replace' },
};
