// The files that pgmage writes from a schema, for programs: each operation loads its code when it is called.
import type { DocsInput, DocsReport } from '../commands/write-docs.ts';
import type { TypesInput, TypesReport } from '../commands/write-types.ts';
import type { ProgramOptions } from '../runner/program.ts';
import { withProgram } from './open.ts';

export type { DocsInput, DocsReport } from '../commands/write-docs.ts';
export type { TypesInput, TypesReport } from '../commands/write-types.ts';
export type { SchemaCommand } from '../config/config.ts';

/**
 * Writes TypeScript types of a schema: what `db:types` does. Without `out` they are in the report.
 * @throws Problem `bad_option`, `not_generated`, `unwritable_file`; of the configuration and the source
 */
export async function types(options: TypesInput & ProgramOptions = {}): Promise<TypesReport> {
  const { writeTypes } = await import('../commands/write-types.ts');
  return withProgram(options, (workspace) => writeTypes(workspace, options));
}

/**
 * Writes documents of a schema: what `db:docs` does.
 * @throws Problem `not_generated`, `unwritable_file`; of the configuration and the source
 */
export async function docs(options: DocsInput & ProgramOptions = {}): Promise<DocsReport> {
  const { writeDocs } = await import('../commands/write-docs.ts');
  return withProgram(options, (workspace) => writeDocs(workspace, options));
}
