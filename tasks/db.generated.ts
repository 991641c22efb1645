// The tasks that write files from a schema: types and documents.
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Path = string; // The name of these values in --help.
type Source = string;
type Shadow = string;

interface Shadowed {
  /** The place of the shadow database: embedded, native, auto or a URL. Default: as configured. */
  shadow?: Shadow;
}

/**
 * Writes TypeScript types of the wanted schema: tables, views, types and functions.
 *
 * It needs no database. The types fit what the client pg returns. Without --out it prints them.
 */
export async function types(
  context: TaskContext,
  options: {
    /** The file to write. */
    out?: Path;
    /** The source to read; default: the wanted schema. */
    from?: Source;
    /** Write the interface Database of Kysely. */
    kysely?: boolean;
    /** Write nothing, and end with exit code 2 when the file is not what would be written. */
    check?: boolean;
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ writeTypes }, { typesText }] = await Promise.all([
    import('../lib/commands/write-types.ts'),
    import('../lib/report/generated.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await writeTypes(workspace, options);
  return { facts, text: (paper) => typesText(facts, paper, options), code: facts.upToDate ? 0 : 2 };
}

/**
 * Writes documents of the wanted schema: Markdown, a diagram and one page of HTML.
 *
 * It needs no database. The folder gets an index with the diagram for Mermaid, a page for each schema,
 * diagram.svg and index.html. With --against it gets changes.md, changes.svg and changes.html instead: what
 * changed since another state.
 */
export async function docs(
  context: TaskContext,
  options: {
    /** The folder to write; default: docs/schema. */
    out?: Path;
    /** The source to read; default: the wanted schema. */
    from?: Source;
    /** The source to compare with: the documents are those of the changes since then. */
    against?: Source;
    /** Write nothing, and end with exit code 2 when the files are not what would be written. */
    check?: boolean;
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ writeDocs }, { docsText }] = await Promise.all([
    import('../lib/commands/write-docs.ts'),
    import('../lib/report/generated.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await writeDocs(workspace, options);
  return { facts, text: (paper) => docsText(facts, paper, options), code: facts.upToDate ? 0 : 2 };
}
