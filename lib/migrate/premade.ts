// The drift of a target, but for extensions that a superuser made before the migration that creates them.
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { isExtension, isVersionOf } from '../kinds/named-objects.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { type Catalog, getRoot, withDependents, withoutFacts } from '../model/catalog.ts';
import { type Fact, ownName } from '../model/fact.ts';
import { listUps } from '../project/migration-folder.ts';
import type { Workspace } from '../project/workspace.ts';
import { readExtensionVersions } from '../sql/extension-versions.ts';
import { visitStatements } from '../sql/parse.ts';
import { readRecordedSchema } from './compose.ts';

/**
 * Compares a target with the first migrations. An extension does not count as drift if the next ones create
 * it as it is there, and with IF NOT EXISTS: the server then asks for no right (source: CreateExtension).
 * @param applied the number of these migrations
 * @throws Problem of the shadow
 */
export async function compareRecorded(
  workspace: Workspace,
  files: readonly MigrationFile[],
  applied: number,
  actual: Catalog,
): Promise<Comparison> {
  const recorded = await readRecordedSchema(workspace, files.slice(0, applied));
  const drift = await compareCatalogs(workspace, recorded, actual);
  const added = drift.diff.added.filter((fact) => isExtension(fact) && actual.facts.has(fact.id));
  if (added.length === 0 || files.length === applied) return drift;
  const premade: string[] = [];
  for (const fact of added)
    if (await isMadeLater(workspace, files, applied, { fact, actual })) premade.push(fact.id);
  const gone = withDependents(actual, premade);
  // Objects that need the extension are a drift of their own.
  const isOwn = (fact: Fact | undefined) => fact !== undefined && isExtension(getRoot(actual, fact));
  if (premade.length === 0 || ![...gone].every((id) => isOwn(actual.facts.get(id)))) return drift;
  return compareCatalogs(workspace, recorded, withoutFacts(actual, gone));
}

/** An extension of a target. */
interface PremadeExtension {
  readonly fact: Fact;
  readonly actual: Catalog;
}

async function isMadeLater(
  workspace: Workspace,
  files: readonly MigrationFile[],
  applied: number,
  { fact, actual }: PremadeExtension,
): Promise<boolean> {
  const name = ownName(fact.path);
  for (let count = applied + 1; count <= files.length; count++) {
    const first = await findFirst(files[count - 1] as MigrationFile, name);
    if (first === undefined) continue;
    if (first.action !== 'create' || !first.lenient) return false;
    const made = await readRecordedSchema(workspace, files.slice(0, count));
    const version = versionIn(made, name);
    const isSame = made.facts.get(fact.id)?.payload.schema === fact.payload.schema;
    return isSame && (version === undefined || version === versionIn(actual, name));
  }
  return false;
}

async function findFirst(migration: MigrationFile, name: string) {
  const found: ReturnType<typeof readExtensionVersions> = [];
  for (const { file, text } of listUps([migration]).filter((one) => /\bextension\b/i.test(one.text)))
    await visitStatements(file, text, ({ tag, node }) => {
      found.push(...readExtensionVersions(tag, node));
    });
  return found.find((one) => one.name === name);
}

const versionIn = ({ facts }: Catalog, name: string) =>
  [...facts.values()].find((fact) => isVersionOf(fact, [name]))?.payload.version;
