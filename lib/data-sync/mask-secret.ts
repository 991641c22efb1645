// The secret of masks that have to be the same in each run: with another one, every masked row would differ.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../problem/problem.ts';

/**
 * Reads the secret of a project; makes it where there is none. Without it, values that can be guessed could
 * be found by their hashes.
 * @param spare the folder to make it in
 * @throws Problem `unreadable_file`, `unwritable_file`
 */
export async function readMaskSecret(folder: string, spare = folder): Promise<string> {
  const file = join(folder, 'mask-secret');
  const known = await readSecret(file);
  if (known !== null) return known;
  if (spare !== folder) return readMaskSecret(spare);
  const draft = `${file}-${randomBytes(8).toString('hex')}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(draft, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
    // Of two processes at the same time, the first one makes it.
    await link(draft, file).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'EEXIST') throw new Problem('unwritable_file', { file, reason: thrown.message });
    });
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    throw new Problem('unwritable_file', { file, reason: (thrown as Error).message }, { cause: thrown });
  } finally {
    await rm(draft, { force: true });
  }
  return (await readSecret(file)) ?? '';
}

async function readSecret(file: string): Promise<string | null> {
  try {
    const text = (await readFile(file, 'utf8')).trim();
    if (text !== '') return text;
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new Problem('unreadable_file', { file, reason: message }, { cause: thrown });
  }
  throw new Problem('unreadable_file', { file, reason: 'it is empty' });
}
