// User mappings: with which credentials a role uses a foreign server.
import { shadowRole } from '../../model/catalog.ts';
import type { Fact } from '../../model/fact.ts';
import { buildOwnCondition, buildPresentQuery } from '../../model/introspection.ts';
import type { Kind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import {
  alterForeignOptions,
  buildForeignOptions,
  formatForeignOptions,
  maskOptions,
} from './foreign-options.ts';

interface UserMapping {
  readonly options: readonly string[];
}

type MappingPath = readonly [server: string, role: string];

const publicRole = 'public';

function command(verb: string, { path }: Fact<UserMapping, MappingPath>): string {
  const [server, role] = path;
  const user = role === publicRole ? 'PUBLIC' : role === shadowRole ? 'CURRENT_USER' : quote(role);
  return `${verb} USER MAPPING FOR ${user} SERVER ${quote(server)}`;
}

/**
 * CREATE USER MAPPING (manual: view pg_user_mappings, which hides options from those who may not see them).
 */
export const userMapping: Kind<UserMapping, MappingPath> = {
  name: 'user mapping',
  words: { options: 'plain' },
  reference: (fact) => command('', fact).trim(),
  // No role can be called public, so that is PUBLIC.
  present: buildPresentQuery('pg_foreign_server'),
  introspect: () => `
    select array['pg_user_mapping:' || m.umid || ':0'] as addresses, array[m.srvname, m.usename] as path,
      ${buildForeignOptions('m.umoptions')} as options
    from pg_user_mappings m where ${buildOwnCondition('pg_user_mapping', 'm.umid')}`,
  create: (fact) => `${command('CREATE', fact)}${formatForeignOptions(fact.payload.options)}`,
  drop: (fact) => command('DROP', fact),
  alter: {
    options: (from, to) =>
      alterForeignOptions(command('ALTER', to), from.payload.options, to.payload.options),
  },
  // All of its options are credentials, whatever the wrapper names them, except the user name.
  masked: (payload, hide) =>
    maskOptions(payload, hide, (name) => !/^(user(_?name)?|login|password_required)$/i.test(name)),
  reconcile: {
    standIn: (fact, role) => {
      if (fact.path[1] !== shadowRole) return fact;
      const path: MappingPath = [fact.path[0], role];
      return { ...fact, path, id: `user mapping:${qualify(path)}` };
    },
  },
};
