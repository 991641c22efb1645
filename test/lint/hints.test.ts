// Hints of rules name what can be done.
import { expect, test } from 'vitest';
import { lintFiles } from '../../lib/lint/lint.ts';

const find = (text: string) =>
  lintFiles([{ file: 'a.sql', text, is: 'migration', transactional: false }], {});

test('a generated column has no default, and a comment allows', async () => {
  const hintOf = async (text: string) => (await find(text))[0]?.hint;
  const generated = 'alter table t add column up text generated always as (upper(name)) stored;';
  expect(await hintOf(generated)).toMatch(
    /in a view, .* by a trigger\. .* -- pgmage:allow volatile_default\.$/,
  );
  expect(await hintOf('alter table t add column n serial;')).toContain('without a default');
  for (const [sql, rule] of [
    ['alter table t drop column a;', 'drop_column'],
    ['drop table t;', 'drop_table'],
    ['truncate t;', 'truncate'],
  ] as const)
    expect(await hintOf(sql)).toContain(`-- pgmage:allow ${rule}`);
});
