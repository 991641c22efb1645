// Names without a schema: rules read them as those of `public`, which a search_path makes wrong.
import { childOf, listTagged } from '../sql/tree.ts';
import type { FileScope, LintedStatement } from './statement.ts';

type Paths = Pick<FileScope, 'created' | 'isElsewhere'>;

/** Forgets names without a schema, before the rules see a statement that names `public`. */
export function distinguishPublic({ source }: LintedStatement, scope: Paths): void {
  if (scope.isElsewhere && /\bpublic\b/i.test(source)) forgetPublic(scope);
}

/** Notes a change of the search_path: from here on, the same name may be that of another table. */
export function noteSearchPath(statement: LintedStatement, scope: Paths): void {
  const path = readPath(statement);
  if (path === null) return;
  forgetPublic(scope);
  // A later change may last for its transaction alone, so that no path leads back.
  scope.isElsewhere ||= leadsElsewhere(path);
}

/** Notes that a transaction or a file is over, which may give back the search_path before it. */
export function notePathEnd(scope: Paths): void {
  if (scope.isElsewhere) forgetPublic(scope);
}

function forgetPublic({ created }: Paths): void {
  for (const name of [...created]) if (name.startsWith('public.')) created.delete(name);
}

const configured = /\bset_config\s*\(\s*'search_path'\s*,\s*'([^']*)'/i;

// The schemas that a statement sets; none: those of the role. null: it sets no path.
function readPath({ tag, node, source }: LintedStatement): readonly string[] | null {
  if (tag === 'VariableSetStmt') {
    if (node.kind === 'VAR_RESET_ALL') return [];
    if (node.name !== 'search_path') return null;
    return listTagged(node.args, 'A_Const').map((one) => String(childOf(one, 'sval').sval ?? ''));
  }
  if (tag === 'DiscardStmt') return [];
  if (!/^(Select|Do)Stmt$/.test(tag) || !/search_path/i.test(source)) return null;
  return configured.exec(source)?.[1]?.split(',') ?? ['unknown'];
}

// With an empty path, names without a schema are errors.
function leadsElsewhere(path: readonly string[]): boolean {
  const first = path
    .map((one) => one.replaceAll('"', '').trim())
    .find((one) => one !== '' && one !== '$user');
  return first !== undefined && first !== 'public';
}
