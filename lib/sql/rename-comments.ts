// Comments `-- pgmage:renamed from old_name` in SQL files.
import { readObjectComments, splitNames } from './object-comments.ts';

/** The content of a comment. Names are as parsed, without quotes. */
export interface RenameComment {
  /** The former name; its last part counts. */
  readonly from: readonly string[];
  /** The new name, from table to column, with the parts that are written there. */
  readonly to: readonly string[];
}

/** Finds the comments of a file, in their order. */
export function readRenameComments(text: string): RenameComment[] {
  return readObjectComments(text, 'renamed').flatMap(({ said, object: to }) => {
    const from = splitNames(/^from\s+(.+)$/.exec(said)?.[1] ?? '');
    return from.length === 0 || to.length === 0 ? [] : [{ from, to }];
  });
}
