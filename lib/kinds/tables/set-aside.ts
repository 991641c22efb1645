// Objects that are set aside: they keep their old shape under another name until no row needs it.
import { type Fact, ownName } from '../../model/fact.ts';
import type { AnyKind } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';

/**
 * The path under which an object waits to be dropped. A name has at most 63 bytes, a character at most four.
 */
export function makeAsidePath(path: readonly string[]): string[] {
  const name = ownName(path);
  const longest = /^[\x20-\x7e]*$/.test(name) ? 52 : 13;
  return [...path.slice(0, -1), `pgmage_old_${[...name].slice(0, longest).join('')}`];
}

/** RENAME before, DROP after. @param word how the commands call the object, e.g. `TYPE` */
export function makeAside(word: string): NonNullable<NonNullable<AnyKind['order']>['aside']> {
  return {
    rename: ({ path }: Fact) =>
      `ALTER ${word} ${qualify(path)} RENAME TO ${quote(ownName(makeAsidePath(path)))}`,
    finish: ({ path }: Fact) => `DROP ${word} ${qualify(makeAsidePath(path))}`,
  };
}
