// The findings of db:lint that a commit does not have already.

import type { PolicyConfig } from '../config/policy.ts';
import { lintFiles } from '../lint/lint.ts';
import { lintSchema } from '../lint/schema.ts';
import { asSchema } from '../lint/sources.ts';
import type { LintedFile } from '../lint/statement.ts';
import { type LintFinding, weighFindings } from '../lint/verdict.ts';
import { Problem } from '../problem/problem.ts';
import type { Commit } from '../project/commit.ts';
import type { Project } from '../project/project.ts';
import { replay } from '../project/shadow-catalog.ts';
import type { Workspace } from '../project/workspace.ts';
import { holdsStatement } from '../sql/psql-commands.ts';

/** The findings of now. */
export interface Found {
  readonly findings: readonly LintFinding[];
  readonly files: readonly LintedFile[];
}

/**
 * Leaves out what the schema of a commit has, too. Migrations are compared as files, before they are read.
 * The schema of a command, or one that cannot be loaded any more, leaves out nothing.
 * @throws Problem `bad_option` of the commit
 */
export async function leaveOutKnown(
  workspace: Workspace,
  policy: PolicyConfig,
  { findings, files }: Found,
  commit: Commit,
): Promise<LintFinding[]> {
  const schema = new Set(files.filter(({ is }) => is === 'schema').map(({ file }) => file));
  if (schema.size === 0) return [...findings];
  const known = new Map<string, number>();
  for (const one of await lintCommit(workspace, policy, commit))
    known.set(keyOf(one), (known.get(keyOf(one)) ?? 0) + 1);
  // A second one of the same words, such as of a comment, is new.
  return findings.filter((one) => {
    if (one.where !== null && !schema.has(one.where.file)) return true;
    const count = known.get(keyOf(one)) ?? 0;
    known.set(keyOf(one), count - 1);
    return count <= 0;
  });
}

const keyOf = ({ rule, object, message }: LintFinding) => JSON.stringify([rule, object, message]);

async function lintCommit(
  workspace: Workspace,
  policy: PolicyConfig,
  commit: Commit,
): Promise<readonly LintFinding[]> {
  const paths = listPaths(workspace.project);
  const files = asSchema((await Promise.all(paths.map((path) => commit.read(path)))).flat());
  if (!files.some(({ text }) => holdsStatement(text))) return [];
  try {
    const texts = files.map(({ file, text }) => ({ file, text }));
    const catalog = await replay(workspace, texts);
    const found = [
      ...lintSchema({ catalog, steps: [], find: () => null }, policy),
      ...(await lintFiles(files, policy)),
    ];
    return weighFindings(found, { policy, files, sizes: new Map(), isWhole: false });
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code !== 'bad_config') return [];
    throw thrown;
  }
}

function listPaths({ schema, schemaSources }: Project): string[] {
  if (schemaSources === undefined) return [schema];
  const paths = schemaSources.flatMap((one) => ('path' in one ? [one.path] : []));
  return paths.length === schemaSources.length ? paths : [];
}
