// Sessions in documents: their steps are found, and their outputs can be written again.
import { expect, test } from 'vitest';
import { Samples, stepsOf, withOutputs } from './console.ts';

const page = `# A page

<!-- run: touch a -->

\`\`\`console
$ ls
a
\`\`\`

<!-- sql prod: insert into t
values (1) -->
<!-- write: schema.sql -->

\`\`\`sql
create table t (id int);
\`\`\`

\`\`\`console
$ npx pgmage db:status
old

$ npx pgmage db:diff \\
  --sql
old
older
\`\`\`
`;

test('the steps of a page', () => {
  expect(stepsOf(page)).toEqual([
    { does: 'run', command: 'touch a' },
    { does: 'show', command: 'ls', output: 'a' },
    { does: 'sql', environment: 'prod', sql: 'insert into t\nvalues (1)' },
    { does: 'write', file: 'schema.sql', content: 'create table t (id int);\n' },
    { does: 'show', command: 'npx pgmage db:status', output: 'old' },
    { does: 'show', command: 'npx pgmage db:diff \\\n  --sql', output: 'old\nolder' },
  ]);
});

test('other outputs replace those of the page, and the same outputs leave it as it is', () => {
  expect(withOutputs(page, ['a', 'old', 'old\nolder'])).toBe(page);
  expect(withOutputs(page, ['a', 'new', ''])).toBe(
    page.replace('db:status\nold\n', 'db:status\nnew\n').replace('--sql\nold\nolder\n', '--sql\n'),
  );
});

test('equal values have equal samples, and other values have others', () => {
  const samples = new Samples([['127.0.0.1:5432', 'db.example.com']]);
  const [first, second] = ['20261129193000123', '20261129193000124'];
  const text = `127.0.0.1:5432 ${first}_a ${second}_b ${first} in 1.25 s (modified just now)`;
  expect(samples.apply(text)).toBe(
    'db.example.com 20261120093000001_a 20261120093000002_b 20261120093000001 in 0.4 s (modified 2 minutes ago)',
  );
});

test('an output with a fence of its own is in a longer fence', () => {
  const output = '```sql\nselect 1;\n```';
  const fenced = `\`\`\`\`console\n$ plan\n${output}\n\`\`\`\`\n`;
  expect(stepsOf(fenced)).toEqual([{ does: 'show', command: 'plan', output }]);
  expect(withOutputs(fenced, ['```\nnew\n```'])).toBe(fenced.replace(output, '```\nnew\n```'));
});
