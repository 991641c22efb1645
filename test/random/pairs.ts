// Arbitraries of two states at once, mostly alike, so that pairs of schemas differ in a few places at every
// depth.
import fc, { type Arbitrary } from 'fast-check';

/** The old and the new state of something. */
export type Both<T> = readonly [T, T];

/** Two states of a value: one in six differs. Shrinks towards no difference. */
export function twice<T>(value: Arbitrary<T>): Arbitrary<Both<T>> {
  const same = value.map((one): Both<T> => [one, one]);
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: same },
    { weight: 1, arbitrary: fc.tuple(value, value) },
  );
}

/** Two states of one of several words. */
export function either<const T extends string>(...words: readonly T[]): Arbitrary<Both<T>> {
  return twice(fc.constantFrom(...words));
}

/** Two states of a record, each member changing by itself. */
export function record<R>(members: { readonly [K in keyof R]: Arbitrary<Both<R[K]>> }): Arbitrary<Both<R>> {
  const entries = Object.entries<Arbitrary<Both<unknown>>>(members);
  return fc.tuple(...entries.map(([, both]) => both)).map((states) => {
    const side = (index: 0 | 1) =>
      Object.fromEntries(entries.map(([name], at) => [name, states[at]?.[index]])) as R;
    return [side(0), side(1)];
  });
}

/** Two states of a list, member by member. */
export function list<T>(members: readonly Arbitrary<Both<T>>[]): Arbitrary<Both<T[]>> {
  return fc.tuple(...members).map((both) => [both.map(([old]) => old), both.map(([, now]) => now)]);
}

/** Something that may be missing in either state. */
export function maybe<T>(value: Arbitrary<Both<T>>): Arbitrary<Both<T | null>> {
  const presence = fc.constantFrom<Both<boolean>>(
    ...[
      [false, false],
      [true, true],
      [true, true],
      [true, true],
      [true, false],
      [false, true],
    ].map(([old, now]): Both<boolean> => [old === true, now === true]),
  );
  return fc.tuple(presence, value).map(([[old, now], [from, to]]) => [old ? from : null, now ? to : null]);
}

/** Two states that are both `none`, but for one pair in so many. */
export function seldom<T>(every: number, none: T, value: Arbitrary<Both<T>>): Arbitrary<Both<T>> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: every - 1, arbitrary: fc.constant<Both<T>>([none, none]) },
    { weight: 1, arbitrary: value },
  );
}
