// Foreign servers.
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify, quote } from '../../model/quote.ts';
import { makeRename } from '../schemas/renaming.ts';
import {
  alterForeignOptions,
  buildForeignOptions,
  formatForeignOptions,
  maskOptions,
} from './foreign-options.ts';

interface Server {
  readonly wrapper: string;
  readonly type: string | null;
  readonly version: string | null;
  readonly options: readonly string[];
}

const alter = (fact: Fact<Server>) => `ALTER SERVER ${qualify(fact.path)}`;

/** CREATE SERVER (manual: catalog pg_foreign_server). */
export const server: Kind<Server> = {
  name: 'server',
  words: { type: 'plain', version: 'plain', options: 'plain' },
  reference: (fact) => `SERVER ${qualify(fact.path)}`,
  securable: (fact) => `FOREIGN SERVER ${qualify(fact.path)}`,
  present: buildPresentQuery('pg_foreign_server'),
  introspect: () => `
    select array['pg_foreign_server:' || s.oid || ':0'] as addresses, array[s.srvname] as path,
      w.fdwname as wrapper, s.srvtype as type, s.srvversion as version,
      ${buildForeignOptions('s.srvoptions')} as options
    from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
    where ${buildOwnCondition('pg_foreign_server', 's.oid')}`,
  create: ({ path, payload: { wrapper, type, version, options } }) => {
    const attributes = [type && ` TYPE ${literal(type)}`, version && ` VERSION ${literal(version)}`];
    const head = `CREATE SERVER ${qualify(path)}${attributes.filter(Boolean).join('')}`;
    return `${head} FOREIGN DATA WRAPPER ${quote(wrapper)}${formatForeignOptions(options)}`;
  },
  rename: makeRename('SERVER'),
  drop: (fact) => `DROP SERVER ${qualify(fact.path)}`,
  alter: {
    wrapper: 'replace',
    type: 'replace',
    version: (_, to) =>
      `${alter(to)} VERSION ${to.payload.version === null ? 'NULL' : literal(to.payload.version)}`,
    options: (from, to) => alterForeignOptions(alter(to), from.payload.options, to.payload.options),
  },
  masked: (payload, hide) => maskOptions(payload, hide),
};
