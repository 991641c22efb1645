// Settings of the database (ALTER DATABASE … SET) for all roles. A file that sets none leaves them alone.
import { isFromFiles } from '../../model/catalog.ts';
import type { DatabasePath, Fact } from '../../model/fact.ts';
import type { Kind } from '../../model/kind.ts';
import { literal, qualify } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';

interface Setting {
  /** As pg_db_role_setting has it; of a list with its names quoted. */
  readonly value: string;
}

const name = 'database setting';

// Lists of names, each of which SET takes as a literal of its own (source: GUC_LIST_QUOTE in guc_tables.c).
const lists = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'temp_tablespaces',
]);

// These change the meaning or the result of statements that programs send already.
const meaning = new Set(['default_transaction_read_only', 'role', 'row_security', 'search_path']);

function writeValue({ path: [setting], payload: { value } }: Fact<Setting, DatabasePath>): string {
  if (!lists.has(setting)) return literal(value);
  const names = [...value.matchAll(/"((?:[^"]|"")*)"|([^", ]+)/g)];
  return (
    names.map(([, quoted, plain = '']) => literal(quoted?.replaceAll('""', '"') ?? plain)).join(', ') || `''`
  );
}

// No command names the current database, whose name is another one in each environment and in the shadow.
function alter(fact: Fact<Setting, DatabasePath>, action: string): Statement {
  const command = literal(`ALTER DATABASE %I ${action.replaceAll('%', '%%')}`);
  const body = ` BEGIN EXECUTE pg_catalog.format(${command}, pg_catalog.current_database()); END `;
  // A value may hold any text, a dollar quote too.
  let tag = '$$';
  for (let n = 0; body.includes(tag); n++) tag = `$_${n}$`;
  return {
    sql: `DO ${tag}${body}${tag}`,
    hazards: meaning.has(fact.path[0]) ? ['breaks_clients'] : [],
  };
}

const set = (fact: Fact<Setting, DatabasePath>) =>
  alter(fact, `SET ${qualify(fact.path)} TO ${writeValue(fact)}`);

const own = `setrole = 0
    and setdatabase = (select d.oid from pg_database d where d.datname = current_database())`;

/**
 * A setting of the database (manual: catalog pg_db_role_setting). Those with a dot in their name may be
 * secrets. They are listed by name only, as are those of single roles (`catalog/unmanaged.ts`).
 */
export const databaseSetting: Kind<Setting, DatabasePath> = {
  name,
  reference: ({ path }) => `SETTING ${qualify(path)} OF THE DATABASE`,
  summary: ({ path, payload }) => `SETTING ${qualify(path)} OF THE DATABASE: ${payload.value}`,
  present: `exists (select from pg_db_role_setting where ${own})`,
  introspect: () => `
    select '{}'::text[] as addresses, array[split_part(c, '=', 1)] as path, substr(c, strpos(c,
      '=') + 1) as value
    from pg_db_role_setting cross join unnest(setconfig) c where ${own} and split_part(c, '=', 1) !~ '[.]'`,
  create: set,
  drop: (fact) => alter(fact, `RESET ${qualify(fact.path)}`),
  alter: { value: (_, to) => set(to) },
  data: { ofDatabase: true, copyRefusal: () => 'it belongs to the database, not to its schema' },
  reconcile: {
    optional: (_, side) => isFromFiles(side) && ![...side.facts.values()].some(({ kind }) => kind === name),
    unsaid: () => null,
  },
};
