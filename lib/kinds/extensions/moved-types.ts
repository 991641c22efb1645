// Types that move to another schema with their extension.
import type { Fact } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { quote } from '../../model/quote.ts';

type Typed = Fact<{ readonly type: string }>;

/** True if the types of two facts differ by the schema alone to which an extension moves. */
export function movesWithExtension(from: Typed, to: Typed, { before, after }: Scope): boolean {
  const [a, b] = [from.payload.type, to.payload.type];
  return [...(after.needs.get(to.id)?.keys() ?? [])].some((id) => {
    const [old, wanted] = [before.facts.get(id), after.facts.get(id)];
    if (wanted?.kind !== 'extension' || old?.payload.relocatable !== true) return false;
    const [start, end] = [old, wanted].map(({ payload }) => `${quote(String(payload.schema))}.`);
    return start !== end && a.startsWith(`${start}`) && b === `${end}${a.slice(`${start}`.length)}`;
  });
}
