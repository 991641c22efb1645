// The file of a script that pgmage did not write: SQL, compressed or not, or an archive that pg_restore
// unpacks.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Client } from '../flow/child.ts';
import { runClient } from '../flow/child.ts';
import { chooseClient, findClients } from '../flow/client.ts';
import { makeProgress, type ProgressSink } from '../flow/progress.ts';
import type { ScriptRefusal } from '../flow/script.ts';
import { lastWords, readStart, unpackScript } from '../flow/script-file.ts';
import { whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { shownPath } from '../project/sql-files.ts';
import { resolveFolder } from './folder.ts';

/** A file that holds a script. */
export interface ScriptFile {
  readonly path: string;
  /** As messages name it. */
  readonly name: string;
  /** `plain`: SQL; `archive`: of pg_dump, custom, directory or tar. */
  readonly format: 'plain' | 'archive';
  readonly bytes: number;
  /** Unpacks an archive. */
  readonly client: Client | null;
}

/**
 * Finds the file: a name in the folder of backups or of the project, or a path.
 * @throws Problem `missing_file`, `unreadable_file`, `no_client`
 */
export async function findScript(
  project: Project,
  dir: string | undefined,
  file: string,
): Promise<ScriptFile> {
  const inFolder = resolve(resolveFolder(project, dir).path, file);
  const isNamed = !/[\\/]/.test(file) && (await stat(inFolder).catch(() => null)) !== null;
  const path = isNamed ? inFolder : resolve(project.root, file);
  const name = shownPath(project.root, path);
  const found = await whileReading(name, () => stat(path));
  const isArchive = found.isDirectory() || (await holdsArchive(path));
  // Only its own version knows what it can read; it says so.
  const client = isArchive ? chooseClient(await findClients(), 0) : null;
  if (found.isDirectory()) await whileReading(name, () => stat(join(path, 'toc.dat')));
  return { path, name, format: isArchive ? 'archive' : 'plain', bytes: found.size, client };
}

// The first bytes of a custom archive; a tar file has its mark in its first entry's header.
async function holdsArchive(path: string): Promise<boolean> {
  const start = await readStart(path, 265);
  return start.toString('latin1', 0, 5) === 'PGDMP' || start.toString('latin1', 257, 262) === 'ustar';
}

/** The options of reading a script. */
export interface ScriptRead {
  readonly noOwner: boolean;
  readonly signal: AbortSignal;
  readonly teller: ProgressSink;
  /** The work, for its progress: `Loading`. */
  readonly doing: string;
}

/**
 * Lends the text of a script, which is complete only when this returns.
 * @throws Problem `backup_damaged`, `script_refused`, `client_failed`; of `take`
 */
export async function withScript<T>(
  file: ScriptFile,
  { noOwner, signal, teller, doing }: ScriptRead,
  take: (text: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  if (file.client === null) {
    const { told } = makeProgress(teller, [file], doing);
    const text = unpackScript(file.path, { signal, told: (bytes) => told(file, bytes) });
    return take(checkText(text, file.name));
  }
  const words = [...(noOwner ? ['--no-owner', '--no-privileges'] : []), '-f', '-', file.path];
  let result: { readonly of: T } | undefined;
  await runClient({ client: file.client, program: 'pg_restore', words, signal }, async (output) => {
    result = { of: await take(output) };
  });
  return (result as { readonly of: T }).of;
}

/** Makes the refusal of a script. */
export const refuseScript =
  (file: string): ScriptRefusal =>
  (line, reason) =>
    new Problem('script_refused', { file, faults: [`line ${line}: ${reason}`] });

const mark = Buffer.from([0xef, 0xbb, 0xbf]);

// Leaves out the mark of UTF-8, and refuses a dump whose end is missing.
async function* checkText(text: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  let start = Buffer.alloc(0);
  let end = Buffer.alloc(0);
  let isFirst = true;
  for await (const piece of text) {
    if (isFirst && /^(\xff\xfe|\xfe\xff)/.test(piece.toString('latin1', 0, 2)))
      throw refuseScript(file)(1, 'the encoding is UTF-16: convert the file to UTF-8');
    const own = isFirst && piece.subarray(0, 3).equals(mark) ? piece.subarray(3) : piece;
    if (isFirst) start = Buffer.from(own.subarray(0, 400));
    isFirst = false;
    end = Buffer.concat([end, own.subarray(-400)]).subarray(-400);
    yield own;
  }
  if (start.includes('-- PostgreSQL database dump\n') && !end.includes(lastWords))
    throw new Problem('backup_damaged', { file, faults: ['its script is truncated'] });
}
