// Statements that need a library that the shadow's server may lack, as the catalog rows that they would
// write. Introspection needs only these rows (manual: catalogs pg_subscription, pg_conversion).
import { literal, qualify, quote } from '../model/quote.ts';
import type { Node } from './statement.ts';

/** SQL to the same effect as a statement, run by a superuser; undefined for nearly all. */
export function simulateDdl(tag: string, node: Node): string | undefined {
  if (tag === 'CreateSubscriptionStmt') return written(subscription(node));
  if (tag === 'CreateExtensionStmt') return extensionVersion(node, true);
  if (tag === 'AlterExtensionStmt') return extensionVersion(node, false);
  if (tag === 'CreateConversionStmt') return written(conversion(node));
  if (tag !== 'AlterSubscriptionStmt' || node.kind !== 'ALTER_SUBSCRIPTION_CONNECTION') return undefined;
  return written(
    `update pg_subscription set subconninfo = ${text(node.conninfo)} where subname = ${text(node.subname)}`,
  );
}

// The shadow's extension is of another version than the database's: it is called by that one's.
function extensionVersion({ extname, options }: Node, create: boolean): string | undefined {
  const given = nodes(options).map(({ DefElem }) => DefElem as { defname: string; arg?: unknown });
  const version = given.find(({ defname }) => defname === 'new_version');
  if (version === undefined) return undefined;
  const schema = words(given.find(({ defname }) => defname === 'schema')?.arg)[0];
  const into = schema === undefined ? '' : ` schema ${quote(schema)}`;
  const cascade = given.some(({ defname }) => defname === 'cascade') ? ' cascade' : '';
  const made = create ? `create extension ${quote(String(extname))}${into}${cascade}; ` : '';
  return `${made}update pg_catalog.pg_extension set extversion = ${text(words(version.arg)[0])}
    where extname operator(pg_catalog.=) ${text(extname)}`;
}

const written = (sql: string) =>
  `set local allow_system_table_mods = on; ${sql}; set local allow_system_table_mods = off`;

const text = (value: unknown) => literal(String(value));
const oid = (catalog: string) => `pg_nextoid('${catalog}', 'oid', '${catalog}_oid_index')`;

function subscription({ subname, conninfo, publication, options }: Node): string {
  const given = new Map(
    nodes(options).map(({ DefElem }): [string, string] => {
      const { defname, arg } = DefElem as { defname: string; arg?: unknown };
      return [defname, arg === undefined ? 'true' : (words(arg)[0] ?? '')];
    }),
  );
  const flag = (name: string, usual: string | boolean) => `${text(given.get(name) ?? usual)}::boolean`;
  const streaming = given.get('streaming')?.toLowerCase();
  const slot = given.get('slot_name') ?? String(subname);
  const columns = {
    oid: oid('pg_subscription'),
    subdbid: '(select d.oid from pg_database d where d.datname = current_database())',
    subskiplsn: `'0/0'`,
    subname: text(subname),
    subowner: 'current_user::regrole',
    subenabled: flag('enabled', given.get('connect') ?? true),
    subbinary: flag('binary', false),
    substream: streamed(streaming),
    subtwophasestate: `case when ${flag('two_phase', false)} then 'p' else 'd' end`,
    subdisableonerr: flag('disable_on_error', false),
    subpasswordrequired: flag('password_required', true),
    subrunasowner: flag('run_as_owner', false),
    subfailover: flag('failover', false),
    subconninfo: text(conninfo),
    subslotname: slot === 'none' ? 'null' : text(slot),
    subsynccommit: text(given.get('synchronous_commit') ?? 'off'),
    subpublications: `array[${nodes(publication).flatMap(words).map(text).join()}]`,
    suborigin: text((given.get('origin') ?? 'any').toLowerCase()),
  };
  return (
    `insert into pg_subscription (${Object.keys(columns).join()}) select` +
    ` ${Object.values(columns).join()}`
  );
}

// An unset value, which versions read differently, is not `t`, `f` or `p`.
function streamed(streaming: string | undefined): string {
  if (streaming === undefined || streaming === 'parallel') return text(streaming?.[0] ?? '?');
  return `case when ${text(streaming)}::boolean then 't' else 'f' end`;
}

function conversion({ conversion_name, for_encoding_name, to_encoding_name, func_name, def }: Node): string {
  const path = words(conversion_name);
  const schema =
    path.length > 1 ? `${text(qualify(path.slice(-2, -1)))}::regnamespace` : 'current_schema()::regnamespace';
  return `with made as (insert into pg_conversion (oid, conname, connamespace, conowner,
      conforencoding, contoencoding, conproc, condefault)
      select ${oid('pg_conversion')}, ${text(path.at(-1))}, ${schema}, current_user::regrole,
        pg_char_to_encoding(${text(for_encoding_name)}), pg_char_to_encoding(${text(to_encoding_name)}),
        ${text(qualify(words(func_name)))}::regproc, ${def === true}
      returning oid, connamespace)
    insert into pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
    select 'pg_conversion'::regclass, oid, 0, 'pg_namespace'::regclass, connamespace, 0, 'n' from made`;
}

function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? (value as Node[]) : [];
}

// The words of a value, in any notation: a string, a number, a name.
function words(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(words);
  if (typeof value !== 'object' || value === null) return [];
  const { sval, ival, boolval, names } = value as Node;
  if (sval !== undefined) return [String(sval)];
  if (ival !== undefined || boolval !== undefined) return [String(ival ?? boolval)];
  return names === undefined ? Object.values(value).flatMap(words) : words(names).slice(-1);
}
