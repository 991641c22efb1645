// Operator classes, with the members that are theirs and not loose in the family.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import { functionMember, operatorMember } from './operator-families.ts';

interface OperatorClass {
  readonly default: boolean;
  readonly type: string;
  readonly family: string;
  readonly members: readonly string[];
}

const own = (catalog: string, number: string, definition: string) => `
        select '${catalog}' as catalog, m.${number} as number, ${definition} as member
        from pg_depend d join ${catalog} m on m.oid = d.objid
        where d.classid = '${catalog}'::regclass and d.refclassid = 'pg_opclass'::regclass
        and d.refobjid = c.oid`;

/**
 * CREATE OPERATOR CLASS (manual: catalogs pg_opclass, pg_amop, pg_amproc). The signature is ` USING btree`.
 */
export const operatorClass: Kind<OperatorClass> = {
  name: 'operator class',
  reference: (fact) => `OPERATOR CLASS ${qualify(fact.path)}${fact.signature}`,
  present: buildPresentQuery('pg_opclass'),
  introspect: () => `
    select array['pg_opclass:' || c.oid || ':0'] as addresses, array[n.nspname, c.opcname] as path,
      format(' USING %I', am.amname) as signature,
      c.opcdefault as default, format_type(c.opcintype, null) as type,
      format('%I.%I', fn.nspname, f.opfname) as family,
      array(select member from (${own('pg_amop', 'amopstrategy', operatorMember)} union all
        ${own('pg_amproc', 'amprocnum', functionMember)} union all
        select 'storage', 0, 'STORAGE ' || format_type(c.opckeytype, null) where c.opckeytype <> 0) m
        order by catalog, number, member) as members
    from pg_opclass c join pg_namespace n on n.oid = c.opcnamespace join pg_am am on am.oid = c.opcmethod
      join pg_opfamily f on f.oid = c.opcfamily join pg_namespace fn on fn.oid = f.opfnamespace
    where ${buildOwnCondition('pg_opclass', 'c.oid', 'c.opcnamespace')}`,
  create: (fact) => {
    const { default: byDefault, type, family, members } = fact.payload;
    const list = members.length === 0 ? [`STORAGE ${type}`] : members;
    return (
      `CREATE OPERATOR CLASS ${qualify(fact.path)}${byDefault ? ' DEFAULT' : ''} FOR TYPE` +
      ` ${type}${fact.signature} FAMILY ${family} AS\n  ${list.join(',\n  ')}`
    );
  },
  rename: makeRename('OPERATOR CLASS'),
  drop: (fact) => `DROP OPERATOR CLASS ${qualify(fact.path)}${fact.signature}`,
  alter: { default: 'replace', type: 'replace', family: 'replace', members: 'replace' },
  data: {
    trial: 'create operator class pg_temp.pgmage_trial for type pg_catalog.int4 using btree as storage int4',
  },
};
