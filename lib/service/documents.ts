// The documents of databases: each is read in a process of its own, and made again only when it changed.
import type { MadeDocuments } from './document-work.ts';
import type { Planner } from './planner.ts';

/** The documents that a service has made. */
export interface DocumentShelf {
  /**
   * The documents of a database as it is now, as JSON.
   * @throws Problem `unknown_environment`, `documents_too_large`; of the connection
   */
  read(database: string, requestedBy: string): Promise<string>;
}

// Characters of all documents together, and of one of them. Those of 1,000 tables have some millions.
const most = 32_000_000;

/** Opens an empty shelf. */
export function openDocuments(planner: Planner): DocumentShelf {
  const kept = new Map<string, { readonly digest: string; readonly text: string }>();
  const keep = (database: string, one: { readonly digest: string; readonly text: string }) => {
    // The one that was not read for the longest time goes first.
    kept.delete(database);
    kept.set(database, one);
    let size = [...kept.values()].reduce((sum, { text }) => sum + text.length, 0);
    for (const [name, { text }] of kept) {
      if (size <= most) break;
      kept.delete(name);
      size -= text.length;
    }
  };
  return {
    async read(database, requestedBy) {
      const before = kept.get(database);
      const parameters = { database, known: before?.digest ?? null, most };
      const work = { does: 'documents', kind: 'drift', parameters, requestedBy } as const;
      const { digest, text } = (await planner.run(work)) as MadeDocuments;
      const found = text ?? (before as { readonly text: string }).text;
      keep(database, { digest, text: found });
      return found;
    },
  };
}
