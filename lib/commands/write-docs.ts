// Writes documents of a schema: Markdown, a diagram and one page of HTML.
import { resolve } from 'node:path';
import { describeSource } from '../project/described-source.ts';
import { describe } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import { documentMark, documentNames, renderDocuments } from '../schema-docs/pages.ts';
import { planGenerated } from '../schema-files/generated.ts';
import { type FileReport, writeReplacement } from '../schema-files/write.ts';

/** The options of `db:docs`. */
export interface DocsInput {
  /** The source to read; default: the wanted schema. */
  readonly from?: string;
  /** The folder to write; default: `docs/schema`. */
  readonly out?: string;
  /** Write nothing, and find out if the files are what would be written. */
  readonly check?: boolean;
}

/** The report of `db:docs`. */
export interface DocsReport {
  readonly from: string;
  readonly folder: string;
  readonly relations: number;
  readonly types: number;
  readonly routines: number;
  /** The number of files of the documents. */
  readonly files: number;
  /** The files that change. */
  readonly written: readonly FileReport[];
  /** Files of earlier documents that go. */
  readonly removed: readonly string[];
  /** True if the files are what they must be now. */
  readonly upToDate: boolean;
}

/**
 * Writes documents of a schema.
 * @throws Problem `not_generated`, `unwritable_file`; of the source and the shadow
 */
export async function writeDocs(workspace: Workspace, input: DocsInput = {}): Promise<DocsReport> {
  const { from = workspace.project.schema, out = 'docs/schema', check = false } = input;
  const { root } = workspace.project;
  const source = describe(workspace.project, from);
  const description = await describeSource(workspace, from);
  const folder = resolve(root, out);
  const files = renderDocuments(description, source).map(({ name, text }) => ({
    file: shownPath(root, resolve(folder, name)),
    text,
  }));
  const swept = { folder, names: documentNames };
  const change = await planGenerated({ root, task: 'db:docs', mark: `<!-- ${documentMark}`, files, swept });
  if (!check) await writeReplacement(root, files, change);
  const isSame = change.written.length + change.removed.length === 0;
  const { relations, types, routines } = description;
  return {
    from: source,
    folder: shownPath(root, folder),
    relations: relations.length,
    types: types.length,
    routines: routines.length,
    files: files.length,
    ...change,
    upToDate: !check || isSame,
  };
}
