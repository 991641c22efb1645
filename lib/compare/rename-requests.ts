// Requests for renames, by an option or by a comment in the wanted schema.
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Rename } from '../plan/renames.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import type { TextFile } from '../project/sql-files.ts';
import { splitNames } from '../sql/object-comments.ts';
import { readRenameComments } from '../sql/rename-comments.ts';

/** The sources of rename requests. */
export interface RenameSources {
  /** `old=new`, as `--rename` takes it. */
  readonly given?: readonly string[] | undefined;
  /** The wanted schema's files, whose comments may say it. */
  readonly files?: readonly TextFile[];
}

/** A request. Names are from the outside in, with the parts that were written. */
export interface RenameRequest {
  readonly kind: string | null;
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** As it was written, for people. */
  readonly said: string;
  /** It stays where it is when it is done, and then means nothing. */
  readonly lasting: boolean;
}

/** All that is asked for. @throws Problem `bad_option` */
export function readRenameRequests({ given = [], files = [] }: RenameSources): RenameRequest[] {
  return [
    ...given.map(readRename),
    ...files.flatMap(({ text }) =>
      readRenameComments(text).map(({ from, to }): RenameRequest => {
        const said = `-- pgmage:renamed from ${from.join('.')}`;
        return { kind: null, from: from.slice(-1), to, said, lasting: true };
      }),
    ),
  ];
}

/** Reads a value of `--rename`. @throws Problem `bad_option` */
export function readRename(given: string): RenameRequest {
  const said = `--rename ${given}`;
  const [, prefix, from = '', to = ''] =
    /^(?:([a-z ]+):)?((?:"(?:[^"]|"")*"|[^"=])+)=(.+)$/.exec(given.trim()) ?? [];
  const [old, now] = [splitNames(from), splitNames(to)];
  if (old.length === 0 || now.length === 0)
    throw new Problem('bad_option', {
      option: said,
      reason: 'write old=new, for example users.name=full_name',
    });
  if (prefix !== undefined && !kinds.has(prefix))
    throw new Problem('bad_option', { option: said, reason: `${prefix} is not a kind of object` });
  return { kind: prefix ?? null, from: old, to: now, said, lasting: false };
}

/**
 * True if a rename fulfils a request. @param done earlier renames: a request may use the names before them
 */
export function matchesRequest(
  one: Rename,
  { kind, from, to }: RenameRequest,
  done: readonly Rename[],
): boolean {
  if (kind !== null && kind !== one.kind) return false;
  const fits = (path: readonly string[], names: readonly string[]) =>
    isAt(path, names) || isAt(former(path, done), names);
  return fits(one.from, from) && fits(one.to, to);
}

/** The names of a catalog that are in the same place as a mistyped one, and close to it. */
export function suggestNames(
  { facts }: Catalog,
  names: readonly string[],
  place: readonly string[],
): string[] {
  const inside = place.slice(0, -1);
  const known = [...facts.values()]
    .filter(({ path }) => isAt(path, [...inside, path.at(-1) as string]))
    .map(({ path }) => path.at(-1) as string);
  return findNearest(names.at(-1) as string, [...new Set(known)]);
}

/** True if a catalog has an object of that name. */
export function hasName({ facts }: Catalog, names: readonly string[]): boolean {
  return [...facts.values()].some(({ kind, path, payload }) => {
    if (isAt(path, names)) return true;
    const lists = Object.keys(kinds.get(kind)?.renameIn ?? {}).map((name) => payload[name] as string[]);
    return lists.flat().some((name) => isAt([...path, name], names));
  });
}

// A path as it was before what contains it got another name.
function former(path: readonly string[], done: readonly Rename[]): readonly string[] {
  return [...done]
    .reverse()
    .reduce(
      (own, { from, to }) =>
        own.length > to.length && to.every((name, at) => own[at] === name)
          ? [...from, ...own.slice(to.length)]
          : own,
      path,
    );
}

// The last names are the same, and those before them are on the way there: an index's table need not be
// written.
function isAt(path: readonly string[], names: readonly string[]): boolean {
  const same = (name: string | undefined, written: string | undefined) =>
    name === written || name === written?.toLowerCase();
  if (!same(path.at(-1), names.at(-1))) return false;
  let at = 0;
  for (const written of names.slice(0, -1)) {
    while (at < path.length - 1 && !same(path[at], written)) at++;
    if (at++ >= path.length - 1) return false;
  }
  return true;
}
