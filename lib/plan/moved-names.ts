// Changes that follow from another one: an object takes others to another schema, and the server writes SQL
// that it keeps by id with their new names.
import type { Catalog } from '../model/catalog.ts';
import { type Changed, isEqual } from '../model/diff.ts';
import type { Json } from '../model/fact.ts';
import type { Kinds } from '../model/kind.ts';
import type { SettledPair } from '../model/reconcile.ts';

/** Changed facts without the attributes that change by such moves alone. */
export function withoutMoved(
  changed: readonly Changed[],
  state: SettledPair & { readonly kinds: Kinds },
): readonly Changed[] {
  const movers = changed.flatMap(({ from, to }): Mover[] => {
    const move = state.kinds.get(to.kind)?.order?.moves?.(from, to);
    return move == null ? [] : [{ move, followers: listFollowers(to.id, state.after) }];
  });
  if (movers.length === 0) return changed;
  return changed.flatMap((one) => {
    const { from, to } = one;
    const moves = movers.filter(({ followers }) => followers.has(to.id)).map(({ move }) => move);
    if (moves.length === 0 || !hasSameNeeds(one, state)) return [one];
    const words = state.kinds.get(to.kind)?.words ?? {};
    const move = (value: Json) => moves.reduce(rename, value);
    const attributes = one.attributes.filter(
      (name) => name in words || !isEqual(move(from.payload[name] as Json), move(to.payload[name] as Json)),
    );
    return attributes.length === 0 ? [] : [{ from, to, attributes }];
  });
}

type Move = readonly [from: string, to: string];

interface Mover {
  readonly move: Move;
  readonly followers: ReadonlySet<string>;
}

// The facts that need it, themselves or in a part (a view in its columns).
function listFollowers(mover: string, { facts, needs }: Catalog): ReadonlySet<string> {
  const own = [...needs].filter(([, needed]) => needed.has(mover)).map(([id]) => id);
  return new Set(own.flatMap((id) => [id, facts.get(id)?.parent ?? id]));
}

// A fact that names other objects than before may name some that are called like those that move.
function hasSameNeeds({ from, to }: Changed, { before, after }: SettledPair): boolean {
  const had = before.needs.get(from.id) ?? new Map();
  const needed = [...(after.needs.get(to.id)?.keys() ?? [])];
  return had.size === needed.length && needed.every((id) => had.has(id));
}

// Text between quotes or dollar signs is kept as it is written, but for the names of objects that the server
// keeps by id: `'public.x'::regtype`.
const name = `'(?<name>(?:[^']|'')*)'(?=::reg[a-z]+)`;
const kept = String.raw`'(?:[^']|'')*'|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$`;

function rename(value: Json, move: Move): Json {
  if (Array.isArray(value)) return value.map((inner) => rename(inner, move));
  if (typeof value !== 'string') return value;
  const [from, to] = move.map((schema) => schema.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const moved = String.raw`(?<![\w$".])(?:${from}|${to})\.`;
  const parts = new RegExp(`${name}|${kept}|${moved}|"(?:[^"]|"")*"`, 'g');
  return value.replace(parts, (text, ...found) => {
    const inner = found.at(-1).name;
    if (inner !== undefined) return `'${rename(inner, move)}'`;
    return text.endsWith('.') ? `${move[1]}.` : text;
  });
}
