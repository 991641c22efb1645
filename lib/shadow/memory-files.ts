// The file system of a database in memory whose first files are those of a template.
import type { Filesystem } from '@electric-sql/pglite/basefs';
import { listTemplate } from './template.ts';

/**
 * The files of one database. They are parts of the template's own bytes, which the database changes: another
 * database needs bytes of its own.
 * @param folder PostgreSQL's data directory (`PGlite.paths.PGDATA`)
 */
export async function createMemoryFiles(template: Uint8Array, folder: string): Promise<Filesystem> {
  const { EmscriptenBuiltinFilesystem } = await import('@electric-sql/pglite/basefs');
  class MemoryFiles extends EmscriptenBuiltinFilesystem {
    override async initialSyncFs(): Promise<void> {
      const files = this.pg?.Module.FS;
      files?.mkdir(folder);
      for (const { path, content } of listTemplate(template))
        if (content === null) files?.mkdir(`${folder}/${path}`);
        else files?.writeFile(`${folder}/${path}`, content, { canOwn: true });
    }
  }
  return new MemoryFiles();
}
