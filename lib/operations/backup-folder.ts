// Where backups are.
import { resolve } from 'node:path';
import type { Context } from './context.ts';
import { shownPath } from './files.ts';

/** A folder of backups, as it is opened and as it is shown. @param dir where somebody named one; default: `backups` */
export function folderOf(
  { root }: Context,
  dir = 'backups',
): { readonly path: string; readonly shown: string } {
  const path = resolve(root, dir);
  return { path, shown: shownPath(root, path) };
}
