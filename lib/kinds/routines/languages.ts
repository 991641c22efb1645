// Procedural languages that come without an extension.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';

interface Language {
  readonly trusted: boolean;
  readonly handler: string;
  readonly inline: string | null;
  readonly validator: string | null;
}

function create(fact: Fact<Language>, verb: string): string {
  const { trusted, handler, inline, validator } = fact.payload;
  const parts = [
    `${verb}${trusted ? ' TRUSTED' : ''} LANGUAGE ${qualify(fact.path)} HANDLER ${handler}`,
    inline !== null && `INLINE ${inline}`,
    validator !== null && `VALIDATOR ${validator}`,
  ];
  return parts.filter(Boolean).join(' ');
}

const replace = (_: Fact<Language>, to: Fact<Language>) => create(to, 'CREATE OR REPLACE');

/** CREATE LANGUAGE (manual: catalog pg_language). */
export const language: Kind<Language> = {
  name: 'language',
  reference: (fact) => `LANGUAGE ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_language'),
  introspect: () => `
    select array['pg_language:' || l.oid || ':0'] as addresses, array[l.lanname] as path,
      l.lanpltrusted as trusted, l.lanplcallfoid::regproc as handler,
      nullif(l.laninline, 0)::regproc as inline, nullif(l.lanvalidator, 0)::regproc as validator
    from pg_language l where l.lanispl and ${buildOwnCondition('pg_language', 'l.oid')}`,
  create: (fact) => create(fact, 'CREATE'),
  rename: makeRename('LANGUAGE'),
  drop: (fact) => `DROP LANGUAGE ${qualify(fact.path)}`,
  alter: { trusted: replace, handler: replace, inline: replace, validator: replace },
  data: { trial: 'create language pgmage_trial handler pg_catalog.plpgsql_call_handler' },
};
