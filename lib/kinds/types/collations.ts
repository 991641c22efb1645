// Collations. Their version in the operating system or ICU is not part of them.
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import { makeAside } from '../tables/set-aside.ts';
import { computeLanguageTag } from './icu-locales.ts';

interface Collation {
  readonly provider: string;
  /** For ICU and the builtin provider. */
  readonly locale: string | null;
  /** For libc. */
  readonly collate: string | null;
  readonly ctype: string | null;
  readonly rules: string | null;
  readonly deterministic: boolean;
}

const locale = (major: number) => (major < 17 ? 'c.colliculocale' : 'c.colllocale');

/** CREATE COLLATION (manual: catalog pg_collation, whose columns have other names in each version). */
export const collation: Kind<Collation> = {
  name: 'collation',
  words: { locale: 'plain', collate: 'plain', ctype: 'plain', rules: 'plain' },
  reference: (fact) => `COLLATION ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_collation'),
  introspect: (major) => `
    select array['pg_collation:' || c.oid || ':0'] as addresses, array[n.nspname, c.collname] as path,
      case c.collprovider when 'i' then 'icu' when 'b' then 'builtin' when 'c' then 'libc'
      else 'default' end as provider,
      ${locale(major)} as locale, c.collcollate as collate, c.collctype as ctype,
      ${major < 16 ? 'null' : 'c.collicurules'} as rules, c.collisdeterministic as deterministic
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace
    where ${buildOwnCondition('pg_collation', 'c.oid', 'c.collnamespace')}`,
  create: ({ path, payload: { provider, locale, collate, ctype, rules, deterministic } }) => {
    const options = [
      `PROVIDER = ${provider}`,
      locale !== null && `LOCALE = ${literal(locale)}`,
      collate !== null && `LC_COLLATE = ${literal(collate)}`,
      ctype !== null && `LC_CTYPE = ${literal(ctype)}`,
      rules !== null && `RULES = ${literal(rules)}`,
      !deterministic && 'DETERMINISTIC = false',
    ].filter(Boolean);
    return `CREATE COLLATION ${qualify(path)} (${options.join(', ')})`;
  },
  rename: makeRename('COLLATION'),
  drop: (fact) => `DROP COLLATION ${qualify(fact.path)}`,
  alter: {
    provider: 'replace',
    locale: 'replace',
    collate: 'replace',
    ctype: 'replace',
    rules: 'replace',
    deterministic: 'replace',
  },
  order: {
    aside: makeAside('COLLATION'),
    slots: (fact) => [`collation ${qualify(fact.path)}`],
  },
  reconcile: {
    settled: (fact, { other }) => {
      const theirs = (other.facts.get(fact.id)?.payload as unknown as Collation | undefined)?.locale ?? null;
      const { provider, locale } = fact.payload;
      if (provider !== 'icu' || locale === null || theirs === null || locale === theirs) return fact;
      const tag = computeLanguageTag(locale);
      return tag === computeLanguageTag(theirs)
        ? { ...fact, payload: { ...fact.payload, locale: tag } }
        : fact;
    },
  },
};
