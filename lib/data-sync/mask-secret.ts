// The secret of masks that have to be the same in each run: with another one, every masked row would differ.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../problem/problem.ts';

/**
 * Reads the secret of a project; makes it where there is none. Without it, values that can be guessed could
 * be found by their hashes.
 * @throws Problem `unwritable_file`
 */
export async function readMaskSecret(folder: string): Promise<string> {
  const file = join(folder, 'mask-secret');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known.trim() !== '') return known.trim();
  const secret = randomBytes(16).toString('hex');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(file, `${secret}\n`, { mode: 0o600 });
  } catch (thrown) {
    throw new Problem('unwritable_file', { file, reason: (thrown as Error).message }, { cause: thrown });
  }
  return secret;
}
