// The chain of migrations: one that was made stays whole, and each way of tampering with it has its name.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { type ChainBreak, findBreaks, type MigrationFile } from '../../lib/migration/chain.ts';
import { computeFingerprint } from '../../lib/migration/fingerprint.ts';
import { compareNames } from '../../lib/migration/name.ts';
import { parseMigration, renderMigration } from '../../lib/migration/text.ts';
import { emptyCatalog } from '../../lib/model/empty-catalog.ts';
import type { Fact } from '../../lib/model/fact.ts';

const file = (name: string, text: string): MigrationFile => ({
  name,
  file: `migrations/${name}.sql`,
  text,
  migration: parseMigration(name, text),
});

function sealed(name: string, after: MigrationFile | undefined, up: string): MigrationFile {
  const from = after?.migration.header?.to ?? 'nothing';
  const header = {
    from,
    to: `${from}+${up.length}`,
    reader: 'x',
    after: after?.migration.stated ?? null,
    down: { is: 'exact' },
  } as const;
  return file(name, renderMigration({ name, header, transaction: 'both', up, down: '' }));
}

const nameAt = (at: number) => `${String(at).padStart(4, '0')}_m${at}`;

function chain(length: number): MigrationFile[] {
  const files: MigrationFile[] = [];
  for (let at = 1; at <= length; at++) files.push(sealed(nameAt(at), files.at(-1), `select ${at};`));
  return files;
}

const inOrder = (files: readonly MigrationFile[]) => [...files].sort((a, b) => compareNames(a.name, b.name));
const first = (files: readonly MigrationFile[]): ChainBreak | undefined => findBreaks(inOrder(files))[0];
const some = fc.integer({ min: 3, max: 8 }).chain((length) =>
  // Neither the first nor the last, which have no neighbour to tell.
  fc.record({ files: fc.constant(chain(length)), at: fc.integer({ min: 1, max: length - 2 }) }),
);
const each = (rule: (files: MigrationFile[], at: number, one: MigrationFile) => void) =>
  fc.assert(fc.property(some, ({ files, at }) => rule([...files], at, files[at] as MigrationFile)));

test('a chain that was made has no breaks, and neither has one of drafts, or with drafts at its end', () => {
  each((files) => {
    expect(findBreaks(files)).toEqual([]);
  });
  const draft = file('0009_draft', 'select 1;');
  expect(findBreaks([...chain(3), draft])).toEqual([]);
  expect(findBreaks([draft])).toEqual([]);
  expect(first([...chain(3), file('0002_a', 'select 1;')])).toEqual({
    is: 'unsealed',
    name: '0002_a',
    other: null,
  });
});

test('a file that was edited', () => {
  each((files, at, one) => {
    files[at] = file(one.name, one.text.replace('select', 'delete'));
    expect(findBreaks(files)).toEqual([{ is: 'edited', name: one.name, other: null }]);
    // A text that only looks different is not another one.
    files[at] = file(one.name, one.text.replaceAll('\n', ' \r\n'));
    expect(findBreaks(files)).toEqual([]);
  });
});

test('a file that was edited and sealed again', () => {
  each((files, at, one) => {
    files[at] = sealed(one.name, files[at - 1], 'select 99;');
    expect(first(files)).toEqual({ is: 'orphaned', name: nameAt(at + 2), other: null });
  });
});

test('a file that was deleted', () => {
  each((files, at) => {
    files.splice(at, 1);
    expect(first(files)).toEqual({ is: 'orphaned', name: nameAt(at + 2), other: null });
  });
});

test('a file that was renamed, at its place', () => {
  each((files, at, one) => {
    const name = `${one.name}_more`;
    files[at] = file(name, one.text);
    expect(findBreaks(files)).toEqual([{ is: 'renamed', name, other: one.name }]);
  });
});

test('a file that was copied', () => {
  each((files, _, one) => {
    const name = `${one.name}_copy`;
    expect(findBreaks(inOrder([...files, file(name, one.text)]))).toEqual([
      { is: 'duplicated', name, other: one.name },
    ]);
  });
});

test('files that changed places', () => {
  each((files, at, one) => {
    const other = files[at + 1] as MigrationFile;
    const swapped = files.map((own) =>
      own === one ? file(other.name, one.text) : own === other ? file(one.name, other.text) : own,
    );
    const found = findBreaks(inOrder(swapped));
    expect(found).toContainEqual({ is: 'reordered', name: one.name, other: other.name });
    expect(found).toContainEqual({ is: 'renamed', name: other.name, other: one.name });
  });
});

test('two branches that did not know of each other', () => {
  each((files, at, one) => {
    const name = `${nameAt(at + 2)}_other`;
    const found = findBreaks(inOrder([...files, sealed(name, one, 'select 99;')]));
    expect(found[0]).toMatchObject({ is: 'branched' });
    expect([found[0]?.name, found[0]?.other]).toContain(name);
  });
  const roots = [sealed('0001_a', undefined, 'a'), sealed('0002_b', undefined, 'b')];
  expect(findBreaks(roots)).toEqual([{ is: 'branched', name: '0002_b', other: '0001_a' }]);
});

test('a file that starts from another schema than the one before it ends at', () => {
  const [one, two] = chain(2) as [MigrationFile, MigrationFile];
  const header = { ...(two.migration.header as never as object), from: 'elsewhere' } as never;
  const moved = file(two.name, renderMigration({ ...two.migration, header }));
  expect(findBreaks([one, moved])).toEqual([{ is: 'unfitting', name: two.name, other: one.name }]);
});

const print = (facts: readonly (readonly [string, Fact])[]) =>
  computeFingerprint({ ...emptyCatalog(18, new Map()), facts: new Map(facts) }, kinds);

test('a fingerprint does not say whether a materialized view happens to be filled', () => {
  const fact = (kind: string) =>
    ({
      id: `${kind}:a`,
      kind,
      path: ['a'],
      signature: '',
      parent: null,
      origins: [],
      position: 0,
      payload: {},
    }) as Fact;
  const view = ['view', fact('materialized view')] as const;
  expect(print([view, ['population', fact('population')]])).toBe(print([view]));
  for (const kind of ['owner', 'extension version'])
    expect(print([view, [kind, fact(kind)]])).not.toBe(print([view]));
});

test('a fingerprint is of what is compared, in no order', () => {
  const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<never>;
  const facts = fc.uniqueArray(
    fc.record({ id: fc.string(), payload: fc.dictionary(fc.string(), json, { maxKeys: 3 }) }),
    { selector: ({ id }) => id },
  );
  const of = (list: readonly { id: string; payload: object }[], position = 0) =>
    print(list.map((fact) => [fact.id, { ...fact, position } as unknown as Fact]));
  fc.assert(
    fc.property(facts, (list) => {
      expect(of([...list].reverse(), 1)).toBe(of(list));
      if (list.length > 0) expect(of(list.slice(1))).not.toBe(of(list));
    }),
  );
});
