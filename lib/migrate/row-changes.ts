// Finds out whether a statement may change what a check of rows found.
import type { Catalog } from '../model/catalog.ts';
import type { RowCheck } from '../model/row-check.ts';
import { namesIn, pathText } from './by-hand.ts';
import { writesRows } from './seal.ts';

/** A statement of a file, in one line. */
export interface RunStatement {
  readonly file: string;
  /** The grammar's name for it. */
  readonly tag: string;
  readonly sql: string;
}

/** The database, and the statements of a plan, whose effects on the checked rows are known. */
export interface KnownEffects {
  readonly actual: Catalog;
  readonly planned: ReadonlySet<string>;
}

/** True for the block that renames a constraint on those servers that have it. */
export const isOwnRename = (sql: string): boolean => ownRename.test(sql);

const ownRename = new RegExp(
  String.raw`^DO \$pgmage\$BEGIN IF current_setting\('server_version_num'\)::int >= \d+` +
    String.raw` THEN ALTER (?:TABLE|DOMAIN) [^;]+ RENAME CONSTRAINT [^;]+; END IF; END\$pgmage\$$`,
);

const name = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
const head = new RegExp(`^(ALTER TABLE (?:IF EXISTS )?(?:ONLY )?${pathText}) `, 'i');
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|[(),]|[^'"$(),]+|\$/g;

/** A statement, and each action of an ALTER TABLE as a statement of its own. */
export function listActions(sql: string): string[] {
  const start = head.exec(sql)?.[1];
  if (start === undefined) return [sql];
  const actions = [''];
  let depth = 0;
  for (const [text] of sql.slice(start.length).matchAll(token)) {
    if (text === '(') depth++;
    if (text === ')') depth--;
    if (text === ',' && depth === 0) actions.push('');
    else actions.push(`${actions.pop()}${text}`);
  }
  return [sql, ...actions.map((action) => `${start} ${action.trim()}`)];
}

/**
 * True if a statement may change rows that a check found, or may be the reason why it found others than those
 * that its names will mean.
 */
export function mayChangeRows(
  { tag, sql }: RunStatement,
  check: RowCheck,
  { actual, planned }: KnownEffects,
): boolean {
  if (planned.has(sql)) return /\bdetach\b|\bno inherit\b/i.test(sql);
  if (setting.test(sql)) return false;
  if (writesRows(tag) || /^(CopyStmt|ExecuteStmt|CreateTableAsStmt|PrepareStmt)$/.test(tag)) return true;
  const { tables, members, schemas } = namesOf(check);
  const words = namesIn(sql.replace(/'(?:[^']|'')*'/g, ' '));
  const tells = (...known: ReadonlySet<string>[]) => words.some((word) => known.some((set) => set.has(word)));
  if (/^alter schema\b/i.test(sql) || tag === 'AlterObjectSchemaStmt') return tells(tables, members, schemas);
  // A plan renames types aside, and creates others.
  if (tag === 'RenameStmt')
    return /^alter table\b/i.test(sql) && isRenaming(sql, (one) => tables.has(one) || members.has(one));
  if (/^Alter(Enum|Domain)/.test(tag))
    return 'value' in check.test || check.reads.length === 0 || tells(members);
  if (tag === 'AlterTableStmt') return isAltering(sql, members);
  if (!tag.startsWith('Drop')) return false;
  if (/\bcascade$/i.test(sql) || tells(tables, members)) return true;
  return (
    /^drop (schema|owned)\b/i.test(sql) || (/^drop (foreign )?table\b/i.test(sql) && hasHeirs(check, actual))
  );
}

const setting = /^select (pg_catalog\.)?set_config\('[^']*', '[^']*', (true|false)\)$/i;

// The names that a check calls objects by.
function namesOf({ table, others = [], reads, values }: RowCheck) {
  const paths = [table, ...others].map((id) => namesIn(id.slice(id.indexOf(':') + 1)));
  const last = (id: string) => namesIn(id.slice(id.indexOf(':') + 1).replace(/\(.*$/, '')).at(-1) ?? '';
  return {
    tables: new Set(paths.map((path) => path.at(-1) ?? '')),
    schemas: new Set(paths.map((path) => path[0] ?? '')),
    members: new Set([...reads.map(last), ...values]),
  };
}

const renamingPart = new RegExp(
  String.raw`\brename (?:(column|attribute|constraint) )?(?!to )(${name}) to (${name})`,
  'i',
);

// A rename changes no row. It may give a name that the check uses to another object.
function isRenaming(sql: string, isUsed: (name: string) => boolean): boolean {
  const [, what, from = '', to = ''] = renamingPart.exec(sql) ?? [];
  if (what?.toLowerCase() === 'constraint') return false;
  return namesIn(from === '' ? sql : `${from}.${to}`).some(isUsed);
}

function isAltering(sql: string, members: ReadonlySet<string>): boolean {
  if (/\b(attach|detach|inherit)\b/i.test(sql)) return true;
  const actions = listActions(sql).slice(1);
  return actions
    .map((action) => action.replace(head, ''))
    .filter((action) => /\b(type|drop)\b/i.test(action))
    .some((action) => namesIn(action).some((one) => members.has(one)));
}

// The rows of an heir or a partition are rows of its parent, too.
const hasHeirs = ({ table, only = false }: RowCheck, { links }: Catalog) =>
  !only && [...links.keys()].some((edge) => edge.endsWith(`\n${table}`));
