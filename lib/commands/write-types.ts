// Writes TypeScript types of a schema.
import { resolve } from 'node:path';
import { Problem } from '../problem/problem.ts';
import { describeSource } from '../project/described-source.ts';
import { describe } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import { planGenerated } from '../schema-files/generated.ts';
import { type FileReport, writeReplacement } from '../schema-files/write.ts';
import { renderTypeFile, typeFileMark } from '../schema-types/render.ts';

/** The options of `db:types`. */
export interface TypesInput {
  /** The source to read; default: the wanted schema. */
  readonly from?: string;
  /** The file to write; default: none, the text is in the report. */
  readonly out?: string;
  /** Write them for Kysely. */
  readonly kysely?: boolean;
  /** Write nothing, and find out if the file is what would be written. */
  readonly check?: boolean;
}

/** The report of `db:types`. */
export interface TypesReport {
  readonly from: string;
  /** The path of the file; null: the text was asked for. */
  readonly file: string | null;
  /** The text; null: it is in the file. */
  readonly text: string | null;
  readonly relations: number;
  readonly types: number;
  readonly routines: number;
  /** The change of the file; null: there is none. */
  readonly changed: FileReport | null;
  /** True if the file has the text now. */
  readonly upToDate: boolean;
}

/**
 * Writes TypeScript types that fit what the client `pg` returns.
 * @throws Problem `bad_option`, `not_generated`, `unwritable_file`; of the source and the shadow
 */
export async function writeTypes(workspace: Workspace, input: TypesInput = {}): Promise<TypesReport> {
  const { from = workspace.project.schema, out, kysely = false, check = false } = input;
  if (check && out === undefined)
    throw new Problem('bad_option', { option: '--check', reason: 'it needs --out with the file to check' });
  const { root } = workspace.project;
  const source = describe(workspace.project, from);
  const description = await describeSource(workspace, from);
  const text = renderTypeFile(description, { source, kysely });
  const { relations, types, routines } = description;
  const counts = { relations: relations.length, types: types.length, routines: routines.length };
  if (out === undefined) return { from: source, file: null, text, ...counts, changed: null, upToDate: true };
  const file = shownPath(root, resolve(root, out));
  const files = [{ file, text }];
  const change = await planGenerated({ root, task: 'db:types', mark: typeFileMark, files });
  if (!check) await writeReplacement(root, files, change);
  const [changed = null] = change.written;
  return { from: source, file, text: null, ...counts, changed, upToDate: !check || changed === null };
}
