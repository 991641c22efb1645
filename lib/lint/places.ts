// The places of objects in schema files.

import { findCodeStart } from '../problem/location.ts';
import { splitNames } from '../sql/object-comments.ts';
import { visitStatements } from '../sql/parse.ts';
import { childOf, indexOfLocation, listTagged, relationPath } from '../sql/tree.ts';
import { toPath } from './allows.ts';
import type { LintedFile } from './statement.ts';

/** A place in a file. */
export interface FilePlace {
  readonly file: string;
  readonly index: number;
}

/** Finds an object, or else the one that it is a part of, by its qualified and quoted name. */
export type FindObject = (name: string) => FilePlace | null;

const keyOf = (path: readonly string[]) => toPath(path).join('\n');

/**
 * Reads the places of tables, their columns and constraints, and indexes.
 * @throws Problem `invalid_sql`
 */
export async function readPlaces(files: readonly LintedFile[]): Promise<FindObject> {
  const places = new Map<string, FilePlace>();
  for (const { file, text } of files)
    await visitStatements(file, text, (tree, sql) => {
      const { tag, node, start } = tree;
      if (!/^(CreateStmt|AlterTableStmt|IndexStmt)$/.test(tag)) return;
      const path = relationPath(childOf(node, 'relation'));
      const note = (name: readonly string[], index: number) => {
        if (!places.has(keyOf(name))) places.set(keyOf(name), { file, index: findCodeStart(sql, index) });
      };
      if (tag === 'CreateStmt') note(path, start);
      if (tag === 'IndexStmt' && node.idxname !== undefined) note([...path, String(node.idxname)], start);
      const commands = listTagged(node.cmds, 'AlterTableCmd').map((command) => childOf(command, 'def'));
      for (const list of [node.tableElts, commands]) {
        for (const column of listTagged(list, 'ColumnDef')) {
          note([...path, String(column.colname)], indexOfLocation(sql, tree, column.location));
          for (const one of listTagged(column.constraints, 'Constraint'))
            if (one.conname !== undefined)
              note([...path, String(one.conname)], indexOfLocation(sql, tree, one.location));
        }
        for (const one of listTagged(list, 'Constraint'))
          if (one.conname !== undefined)
            note([...path, String(one.conname)], indexOfLocation(sql, tree, one.location));
      }
    });
  return (name) => {
    for (let path = splitNames(name); path.length > 0; path = path.slice(0, -1)) {
      const place = places.get(keyOf(path));
      if (place !== undefined) return place;
    }
    return null;
  };
}
