// Folders for derived things that begin with the shadow's template: to make one takes longer than most tests.
import { linkSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTemplate } from '../../lib/shadow/template.ts';

/** Makes a folder that belongs to whoever asked for it. */
export async function freshCache(): Promise<string> {
  const kept = join(tmpdir(), `pgmage-templates-${process.getuid?.() ?? 'user'}`);
  mkdirSync(kept, { recursive: true, mode: 0o700 });
  await loadTemplate(kept);
  const cache = mkdtempSync(join(tmpdir(), 'pgmage-cache-'));
  for (const file of readdirSync(kept))
    if (file.endsWith('.tar')) linkSync(join(kept, file), join(cache, file));
  return cache;
}
