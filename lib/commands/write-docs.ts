// Writes documents of a schema: Markdown, a diagram and one page of HTML.
import { resolve } from 'node:path';
import type { Description } from '../describe/description.ts';
import { describeSource } from '../project/described-source.ts';
import { describe } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import { changeNames, renderChanges } from '../schema-docs/changes.ts';
import { type DocumentFile, documentWords } from '../schema-docs/files.ts';
import { documentNames, renderDocuments } from '../schema-docs/pages.ts';
import { planGenerated } from '../schema-files/generated.ts';
import { type FileReport, writeReplacement } from '../schema-files/write.ts';
import { readChangedStates } from './changed-states.ts';

/** The options of `db:docs`. */
export interface DocsInput {
  /** The source to read; default: the wanted schema. */
  readonly from?: string;
  /** The source to compare with: the documents are those of the changes since then. */
  readonly against?: string;
  /** The folder to write; default: `docs/schema`. */
  readonly out?: string;
  /** Write nothing, and find out if the files are what would be written. */
  readonly check?: boolean;
}

/** The report of `db:docs`. */
export interface DocsReport {
  readonly from: string;
  /** The source that it was compared with, and the number of changes; null: with none. */
  readonly against: string | null;
  readonly changes: number | null;
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
 * Writes documents of a schema, or of its changes.
 * @throws Problem `not_generated`, `unwritable_file`; of the sources and the shadow; `plan_cycle`
 */
export async function writeDocs(workspace: Workspace, input: DocsInput = {}): Promise<DocsReport> {
  const { out = 'docs/schema', check = false } = input;
  const { root } = workspace.project;
  const { documents, names, ...facts } = await makeDocuments(workspace, input);
  const folder = resolve(root, out);
  const files = documents.map(({ name, text }) => ({ file: shownPath(root, resolve(folder, name)), text }));
  const swept = { folder, names };
  const mark = `<!-- ${documentWords}`;
  const change = await planGenerated({ root, task: 'db:docs', mark, files, swept });
  if (!check) await writeReplacement(root, files, change);
  const isSame = change.written.length + change.removed.length === 0;
  return {
    ...facts,
    folder: shownPath(root, folder),
    files: files.length,
    ...change,
    upToDate: !check || isSame,
  };
}

interface MadeDocuments
  extends Pick<DocsReport, 'from' | 'against' | 'changes' | 'relations' | 'types' | 'routines'> {
  readonly documents: readonly DocumentFile[];
  /** The names of all files that such documents can have. */
  readonly names: RegExp;
}

async function makeDocuments(workspace: Workspace, input: DocsInput): Promise<MadeDocuments> {
  const { from = workspace.project.schema, against } = input;
  const source = describe(workspace.project, from);
  if (against === undefined) {
    const description = await describeSource(workspace, from);
    const documents = renderDocuments(description, source);
    return {
      documents,
      names: documentNames,
      from: source,
      against: null,
      changes: null,
      ...count(description),
    };
  }
  const states = await readChangedStates(workspace, against, from);
  return {
    documents: renderChanges(states),
    names: changeNames,
    from: source,
    against: states.names.from,
    changes: states.changes.length,
    ...count(states.after),
  };
}

function count({ relations, types, routines }: Description) {
  return { relations: relations.length, types: types.length, routines: routines.length };
}
