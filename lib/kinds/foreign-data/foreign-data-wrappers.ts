// Foreign-data wrappers.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import {
  alterForeignOptions,
  buildForeignOptions,
  formatForeignOptions,
  maskOptions,
} from './foreign-options.ts';

interface ForeignDataWrapper {
  readonly handler: string | null;
  readonly validator: string | null;
  readonly options: readonly string[];
}

const alter = (fact: Fact<ForeignDataWrapper>) => `ALTER FOREIGN DATA WRAPPER ${qualify(fact.path)}`;
const clause = (word: string, name: string | null) => (name === null ? `NO ${word}` : `${word} ${name}`);

/** CREATE FOREIGN DATA WRAPPER (manual: catalog pg_foreign_data_wrapper). */
export const foreignDataWrapper: Kind<ForeignDataWrapper> = {
  name: 'foreign data wrapper',
  words: { options: 'plain' },
  reference: (fact) => `FOREIGN DATA WRAPPER ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_foreign_data_wrapper'),
  introspect: () => `
    select array['pg_foreign_data_wrapper:' || w.oid || ':0'] as addresses, array[w.fdwname] as path,
      nullif(w.fdwhandler, 0)::regproc as handler, nullif(w.fdwvalidator, 0)::regproc as validator,
      ${buildForeignOptions('w.fdwoptions')} as options
    from pg_foreign_data_wrapper w where ${buildOwnCondition('pg_foreign_data_wrapper', 'w.oid')}`,
  create: ({ path, payload: { handler, validator, options } }) => {
    const functions = [handler && ` HANDLER ${handler}`, validator && ` VALIDATOR ${validator}`];
    return (
      'CREATE FOREIGN DATA WRAPPER' +
      ` ${qualify(path)}${functions.filter(Boolean).join('')}${formatForeignOptions(options)}`
    );
  },
  rename: makeRename('FOREIGN DATA WRAPPER'),
  drop: (fact) => `DROP FOREIGN DATA WRAPPER ${qualify(fact.path)}`,
  alter: {
    handler: (_, to) => `${alter(to)} ${clause('HANDLER', to.payload.handler)}`,
    validator: (_, to) => `${alter(to)} ${clause('VALIDATOR', to.payload.validator)}`,
    options: (from, to) => alterForeignOptions(alter(to), from.payload.options, to.payload.options),
  },
  masked: (payload, hide) => maskOptions(payload, hide),
  data: { trial: 'create foreign data wrapper pgmage_trial' },
};
