// The documents of a database and the picture of its drift, as the process of a work makes them.
import { createHash } from 'node:crypto';
import { readCatalog } from '../catalog/read.ts';
import { readChangedStates } from '../commands/changed-states.ts';
import type { Description } from '../describe/description.ts';
import { readDescription } from '../describe/read.ts';
import { kinds } from '../kinds/index.ts';
import { type AuditEntry, listResults } from '../ledger/audit-entries.ts';
import { readLedger } from '../ledger/tables.ts';
import { snapshot } from '../pg/snapshot.ts';
import { makeLegible } from '../problem/legible.ts';
import { Problem } from '../problem/problem.ts';
import { redactLines } from '../problem/redact.ts';
import { keepManaged } from '../project/described-source.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { personOf } from '../report/history.ts';
import { type Block, type SchemaDocument, textOf } from '../schema-docs/blocks.ts';
import { changedTables } from '../schema-docs/changed-tables.ts';
import { summarize } from '../schema-docs/changes.ts';
import { documentSchemas } from '../schema-docs/content.ts';
import { keyOf, type PictureTable, pictureTables } from '../schema-docs/picture.ts';
import { splitIntoPictures } from '../schema-docs/split.ts';

/** The documents as JSON; null: they are those that the service has. */
export interface MadeDocuments {
  readonly digest: string;
  readonly text: string | null;
}

/** The documents that are asked for. */
export interface WantedDocuments {
  readonly database: string;
  /** The digest of those that the service has; null: it has none. */
  readonly known: string | null;
  /** Characters that they have at most, as JSON. */
  readonly most: number;
}

// The last deeds of the ledger, and the changed tables, that a page shows.
const [mostDeeds, mostDrawn] = [20, 600];

/**
 * Makes the documents of a database.
 * @throws Problem `unknown_environment`, `documents_too_large`; of the connection
 */
export async function documentDatabase(
  workspace: Workspace,
  { database, known, most }: WantedDocuments,
): Promise<MadeDocuments> {
  const { project, world } = workspace;
  const target = await world.environment(database);
  const read = await withTarget(workspace, target, (connection) =>
    snapshot(connection, async (reader) => ({
      catalog: await readCatalog(reader, kinds),
      description: await readDescription(reader),
      deeds: (await readLedger(reader)).deeds,
    })),
  );
  const description = keepManaged(read.description, withoutUnmanaged(project, read.catalog));
  const deeds = listResults(read.deeds).slice(-mostDeeds).reverse();
  const state = JSON.stringify([project.version, description, deeds]);
  const digest = createHash('sha256').update(state).digest('hex');
  if (digest === known) return { digest, text: null };
  const documents = { database, digest, ...contentOf(description), history: deeds.map(deedOf) };
  const text = JSON.stringify(legible(documents));
  // The service keeps the text in its own memory, and parses it at once.
  if (text.length > most)
    throw new Problem('documents_too_large', { database, size: text.length, limit: most });
  return { digest, text };
}

/** Draws what the files of the schema change in a database. @throws Problem of the sources */
export async function pictureDrift(workspace: Workspace, database: string): Promise<unknown> {
  const states = await readChangedStates(workspace, database, workspace.project.schema);
  const { drawn, omitted } = limitTables(changedTables(states));
  return legible({
    ...states.names,
    summary: summarize(states),
    pictures: splitIntoPictures(drawn),
    omitted,
  });
}

// The first changed tables in the order of their names, with those that they reference.
function limitTables(tables: readonly PictureTable[]) {
  const changed = tables.filter(({ isContext }) => !isContext);
  const first = new Set(changed.slice(0, mostDrawn));
  const referenced = new Set([...first].flatMap(({ references }) => references.map(({ to }) => keyOf(to))));
  const drawn = tables.filter((one) => first.has(one) || (one.isContext && referenced.has(keyOf(one.path))));
  return { drawn, omitted: changed.length - first.size };
}

function contentOf(description: Description) {
  const documents = documentSchemas(description);
  return {
    server: description.major,
    schemas: documents.map(({ schema, comment, counts, blocks }) => ({
      name: schema,
      counts,
      blocks: [
        ...(comment === null ? [] : [{ is: 'paragraph', text: [comment] }]),
        ...blocks.slice(0, firstObject(blocks)),
      ],
    })),
    objects: documents.flatMap(listObjects),
    pictures: splitIntoPictures(pictureTables(description)),
  };
}

const isObject = (block: Block) => block.is === 'heading' && block.level === 2;

function firstObject(blocks: readonly Block[]): number {
  const found = blocks.findIndex(isObject);
  return found < 0 ? blocks.length : found;
}

// A heading of the second level begins an object.
function listObjects({ schema, blocks }: SchemaDocument) {
  const objects: { id: string; schema: string; title: string; blocks: Block[] }[] = [];
  for (const block of blocks.slice(firstObject(blocks))) {
    if (block.is === 'heading' && block.level === 2) {
      const title = textOf(block.text);
      // Sequences share one section, which every schema may have.
      const named =
        block.id === null
          ? { id: `rest.${schema}`, title: `${title} of ${schema}` }
          : { id: block.id, title };
      objects.push({ ...named, schema, blocks: [] });
    } else objects.at(-1)?.blocks.push(block);
  }
  return objects;
}

const deedOf = (deed: AuditEntry) => ({
  migration: deed.migration,
  direction: deed.direction,
  outcome: deed.outcome,
  at: deed.at,
  by: personOf(deed),
  detail: deed.detail,
});

/** A value in which every text of a database has lost its passwords and passed the filter. All lines stay. */
export function legible(value: unknown): unknown {
  if (typeof value === 'string') return redactLines(value).split('\n').map(makeLegible).join('\n');
  if (Array.isArray(value)) return value.map(legible);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, legible(one)]));
}
