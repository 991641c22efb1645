// A catalog as the files that db:pull writes, which both pgmage and psql can load.

import { compareCatalogs } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { type Catalog, getParent } from '../model/catalog.ts';
import { qualify } from '../model/quote.ts';
import { Problem } from '../problem/problem.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import { replay } from '../project/shadow-catalog.ts';
import { refuseSuperuser } from '../project/shadow-pool.ts';
import { readSource } from '../project/source.ts';
import { shownPath, type TextFile } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import { renderSchema } from '../schema-files/render.ts';
import { psqlLoadFile, type SchemaPlace } from '../schema-files/write.ts';
import { findMentions } from '../sql/mentions.ts';
import { makeSpeller } from '../sql/newer-words.ts';

/** Files, and what psql has against them. */
export interface PulledText {
  readonly files: readonly TextFile[];
  /** The reason why psql refuses the files, which pgmage loads in another order; null: it loads them. */
  readonly refused: Problem | null;
}

/**
 * The files of a catalog. They turn the check of bodies off if psql would refuse a body that names a later
 * object.
 * @throws Problem of the shadow; `plan_cycle`, `shadow_superuser`
 */
export async function renderPull(
  workspace: Workspace,
  catalog: Catalog,
  { path, split }: SchemaPlace,
): Promise<PulledText> {
  if ((catalog.loaded ?? null) === null)
    await workspace.shadows.use([], async (shadow) => refuseSuperuser(workspace.project, shadow));
  const nothing = withoutUnmanaged(workspace.project, await readSource(workspace, 'empty'), catalog);
  const place = { path: shownPath(workspace.project.root, path), split };
  const [mentions, spell] = await Promise.all([mentionsIn(catalog), makeSpeller(catalog.major)]);
  const texts = renderSchema({ nothing, catalog, place, mentions, spell });
  if (texts.length === 0) return { files: [], refused: null };
  const checked = await refusal(workspace, texts);
  if (checked === null) return { files: written(texts, place, ''), refused: null };
  const refused = await refusal(workspace, [{ file: place.path, text: unchecked }, ...texts]);
  return { files: written(texts, place, unchecked), refused };
}

/**
 * The same files, after the shadow loaded them to the same schema.
 * @param from the source of the catalog, for messages
 * @throws Problem `not_reproduced`, of the shadow
 */
export async function renderVerifiedPull(
  workspace: Workspace,
  from: string,
  catalog: Catalog,
  place: SchemaPlace,
): Promise<PulledText> {
  const pulled = await renderPull(workspace, catalog, place);
  const own = pulled.files.filter(({ file }) => file.endsWith('.sql'));
  const loaded = await replay(workspace, own, { ofDatabase: true }).catch((thrown: unknown) => {
    if (!isRefusal(thrown) || thrown.code === 'missing_extension') throw thrown;
    const { where, message } = thrown;
    throw new Problem('not_reproduced', { from, changes: [message] }, { where, cause: thrown });
  });
  const { same, changes } = await compareCatalogs(workspace, loaded, catalog);
  if (!same) {
    const invalid = listInvalidIndexes(catalog);
    throw new Problem('not_reproduced', { from, changes: changes.map(({ text }) => text), invalid });
  }
  return pulled;
}

// A failed CREATE INDEX CONCURRENTLY leaves one, which no statement creates again as it is.
const listInvalidIndexes = ({ facts }: Catalog) =>
  [...facts.values()]
    .filter(({ payload }) => payload.valid === false)
    .map(({ path }) => qualify([path[0], path.at(-1)] as string[]));

const unchecked =
  '-- Function bodies may name objects that are created after them.\nSET check_function_bodies = off;\n';

// For pgmage in the order of their paths, and for psql with a file that knows the other order.
function written(texts: readonly TextFile[], { path, split }: SchemaPlace, head: string): TextFile[] {
  const gap = head === '' ? '' : '\n';
  if (!split) return texts.map(({ file, text }) => ({ file, text: `${head}${gap}${text}` }));
  const index = [
    `-- Loads this folder into an empty database: psql -1 -v ON_ERROR_STOP=1 -f ${psqlLoadFile}`,
    '-- Only for psql. pgmage reads the .sql files and finds their order itself.',
    `\n${head}${gap}${texts.map(({ file }) => `\\ir ${file.slice(path.length + 1)}`).join('\n')}`,
  ];
  const files = [...texts, { file: `${path}/${psqlLoadFile}`, text: `${index.join('\n')}\n` }];
  return files.sort((a, b) => (a.file < b.file ? -1 : 1));
}

// Loads texts as psql does: one after the other, with checked bodies. A refusal is not a failure of the
// shadow.
async function refusal(workspace: Workspace, texts: readonly TextFile[]): Promise<Problem | null> {
  try {
    await replay(workspace, texts, { asPsql: true, ofDatabase: true });
    return null;
  } catch (thrown) {
    if (isRefusal(thrown)) return thrown;
    throw thrown;
  }
}

function isRefusal(thrown: unknown): thrown is Problem {
  return thrown instanceof Problem && 'sqlstate' in thrown.data;
}

// A name without a schema may be that of any: the order is only better for it.
async function mentionsIn(catalog: Catalog): Promise<[string, string][]> {
  const byName = new Map<string, string[]>();
  for (const fact of catalog.facts.values()) {
    if (getParent(catalog, fact) !== undefined && fact.path.length !== 2) continue;
    for (const name of [fact.path.join('.'), fact.path.at(-1) ?? ''])
      byName.set(name, [...(byName.get(name) ?? []), fact.id]);
  }
  const texts = [...catalog.facts.values()].flatMap((fact) => {
    const text = kinds.get(fact.kind)?.opaque?.(fact);
    return text === undefined ? [] : [{ id: fact.id, text }];
  });
  const mentions = await findMentions(texts.map(({ text }) => text));
  return texts.flatMap(({ id }, at) =>
    (mentions[at] ?? [])
      .flatMap((name) => byName.get(name.join('.')) ?? [])
      .map((named): [string, string] => [id, named]),
  );
}
