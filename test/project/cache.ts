// Folders for derived things that begin with the shadow's template: to make one takes longer than most tests.
import { linkSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTemplateIn } from '../../lib/shadow/template.ts';

/** Makes a folder that belongs to whoever asked for it. */
export function freshCache(): Promise<string> {
  return withTemplate(mkdtempSync(join(tmpdir(), 'pgmage-cache-')));
}

/** Puts the template into a folder, which is made where it is missing, and gives the folder. */
export async function withTemplate(folder: string): Promise<string> {
  const kept = join(tmpdir(), `pgmage-templates-${process.getuid?.() ?? 'user'}`);
  for (const one of [kept, folder]) mkdirSync(one, { recursive: true, mode: 0o700 });
  await loadTemplateIn(kept);
  for (const file of readdirSync(kept))
    if (file.endsWith('.tar')) linkSync(join(kept, file), join(folder, file));
  return folder;
}
