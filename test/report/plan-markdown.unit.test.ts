// A plan as a comment: hostile names stay names, and a long plan keeps its sizes and losses.
import { expect, test } from 'vitest';
import type { PlanReport } from '../../lib/commands/plan.ts';
import { planText } from '../../lib/report/plan.ts';
import { commentLimit, planMarkdown } from '../../lib/report/plan-markdown.ts';

const plain: PlanReport = {
  target: { name: 'prod', address: 'postgres://db/shop', protected: true },
  changes: [],
  migrations: [],
  cautions: [],
  findings: [],
  losses: [],
  policy: [],
  renames: [],
  possible: [],
  drift: [],
  blocked: null,
  out: null,
};

const paper = { uncut: true, colour: false, now: new Date(0) };

const hostile =
  'a`b</code><img src=x onerror=1> | x\n\n## @org/team ![x](http://e.vil/) [a](javascript:1) <!-- pgmage:plan';

test('names cannot leave their place', () => {
  const up = `-- \`\`\`\`\n${hostile}`;
  const report: PlanReport = {
    ...plain,
    target: { name: hostile, address: hostile, protected: false },
    changes: [
      { standing: 'missing', kind: 'table', facts: [], text: `TABLE ${hostile}`, part: null, attributes: [] },
    ],
    migrations: [
      { name: hostile, file: hostile, isNew: true, up, down: up, stamp: { is: 'lossy', what: hostile } },
    ],
    cautions: [{ hazard: 'deletes_data', sql: hostile, table: { name: hostile, rows: 1, bytes: 1 } }],
    losses: [hostile],
    renames: [{ text: hostile, to: hostile, option: hostile }],
    possible: [{ text: hostile, to: hostile, option: hostile }],
    drift: [hostile],
    blocked: { code: hostile, message: hostile, hint: hostile },
    policy: [{ hazard: 'deletes_data', level: 'warn', sql: hostile, object: hostile, table: null }],
  };
  const text = planMarkdown(report);
  // Outside of fences there is neither HTML nor Markdown of theirs.
  const outside = text.replace(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, 'FENCE');
  expect(outside.match(/FENCE/g)).toHaveLength(4);
  for (const part of ['<img', '](', '@org', '## @', 'a`b', '| x', 'http:'])
    expect(outside.slice(outside.indexOf('\n'))).not.toContain(part);
  // Comments that are not empty are markers: there is one.
  expect(outside.match(/<!--(?! -->)/g)).toHaveLength(1);
  const rows = outside.split('\n').filter((line) => line.startsWith('| deletes'));
  expect(rows.map((row) => row.split('|').length)).toEqual([7]);
});

test.each([
  [{ is: 'exact' } as const, 'can be undone exactly'],
  [{ is: 'impossible', why: 'no way back' } as const, 'cannot be undone&#58; no way back'],
  [{ is: 'lossy', what: 'users.note' } as const, 'can be undone, except for data&#58; users.note'],
  [
    { is: 'lossy', what: 'users.note: 5 of 5 values lost' } as const,
    'can be undone, except for data &#40;of sample rows&#41;&#58; users.note&#58; 5 of 5 values lost',
  ],
  [null, 'has no stamp for its way down'],
])('the line of a migration has its stamp: %j', (stamp, words) => {
  const migration = { name: '1', file: 'migrations/1.sql', isNew: false, up: 'select 1;', down: null, stamp };
  const text = planMarkdown({ ...plain, migrations: [migration] });
  expect(text).toContain(`<details><summary>migrations/1.sql: ${words}</summary>`);
  expect(text).toContain('1 migration to apply.');
  expect(text).not.toContain('Down:');
});

test('findings, warnings of the policy, renames and drift are lists under their titles', () => {
  const found = { found: 12, total: 1200, sample: 'id = 7' };
  const text = planMarkdown({
    ...plain,
    findings: [
      { table: 'users', sql: 'x', words: 'no note', answer: found },
      { table: 'orders', sql: 'x', words: 'no total', answer: { unknown: 'not counted' } },
    ] as unknown as PlanReport['findings'],
    policy: [{ hazard: 'deletes_data', level: 'warn', sql: 'DROP TABLE a', object: 'a', table: null }],
    drift: ['added TABLE extra', 'removed COLUMN users.note'],
    renames: [{ text: 'TABLE a', to: 'b', option: 'a=b' }],
    possible: [{ text: 'TABLE c', to: 'd', option: 'c=d' }],
  });
  const list = (title: string) => text.split(`\n**${title}**\n\n`)[1]?.split('\n\n')[0]?.split('\n');
  expect(list('Rows that a statement fails on or changes')).toEqual([
    '- <code>12 of 1,200 rows of users have no note, for example id = 7</code>',
    '- <code>Rows of orders that have no total&#58; not counted</code>',
  ]);
  expect(list('The policy warns of')).toEqual(['- <code>deletes&#95;data</code> <code>DROP TABLE a</code>']);
  expect(list('Drift')).toEqual([
    '- <code>added TABLE extra</code>',
    '- <code>removed COLUMN users.note</code>',
  ]);
  expect(list('Renamed')).toEqual(['- <code>TABLE a</code> → <code>b</code>']);
  expect(list('Dropped and added: a rename?')).toEqual([
    '- <code>TABLE c</code> → <code>d</code>: <code>--rename c=d</code>',
  ]);
  for (const title of ['Rows that a', 'The policy', 'Drift', 'Renamed', 'Dropped and added'])
    expect(planMarkdown(plain)).not.toContain(title);
});

test('control characters and changes of direction are shown, not sent', () => {
  const text = planMarkdown({ ...plain, losses: ['a\u202eb\u0007\u001b[31m'] });
  for (const one of ['\u202e', '\u0007', '\u001b']) expect(text).not.toContain(one);
});

test('a comment is never longer than GitHub takes, and keeps sizes and losses', () => {
  const long = (name: string) => ({
    name,
    file: `migrations/${name}.sql`,
    isNew: false,
    up: `select '${'x'.repeat(50_000)}';`,
    down: 'select 1;',
    stamp: { is: 'exact' } as const,
  });
  const report: PlanReport = {
    ...plain,
    migrations: ['1_a', '2_b', '3_c'].map(long),
    losses: ['ALTER TABLE users DROP COLUMN note (12 of 12 rows)'],
    cautions: [
      { hazard: 'rewrites_table', sql: 'ALTER TABLE big', table: { name: 'big', rows: 5, bytes: 2 ** 30 } },
    ],
  };
  const text = planMarkdown(report);
  expect(text.length).toBeLessThan(commentLimit);
  for (const kept of ['DROP COLUMN note', '1 GB', 'big', '2&#95;b', '3&#95;c', 'too long to show'])
    expect(text).toContain(kept);
  expect(text).toContain('x'.repeat(50_000));

  const many = Array.from({ length: 3000 }, (_, at) => `DROP TABLE table_${at}_${'y'.repeat(200)}`);
  const flood = planMarkdown({
    ...report,
    losses: many,
    migrations: many.map((name) => ({ ...long('x'), file: name })),
    cautions: many.map((sql, at) => ({
      hazard: 'deletes_data',
      sql,
      table: { name: `t${at}`, rows: 1, bytes: 8192 },
    })),
  });
  expect(flood.length).toBeLessThan(commentLimit);
  expect(flood).toContain('2960 more');
  expect(flood).toContain('2900 more');
});

test('a head that is too long is cut between lines, and its fence is closed', () => {
  const fences = (text: string) => text.match(/^`{3,}\w*$/gm) ?? [];
  const message = Array.from({ length: 400 }, (_, at) => `line ${at} of \`\`\`\` a refusal`).join('\n');
  const blocked = { code: 'rows_in_the_way', message, hint: 'Correct the rows.' };
  for (let limit = 2_000; limit < 2_060; limit++) {
    const text = planMarkdown({ ...plain, blocked }, limit);
    expect(text.length).toBeLessThanOrEqual(limit);
    expect(fences(text)).toEqual(['`````', '`````']);
    for (const line of text.split('\n').filter((one) => one.startsWith('line ')))
      expect(message.split('\n')).toContain(line);
    expect(text).toContain('\n…');
  }
  const losses = Array.from({ length: 40 }, (_, at) => `DROP TABLE "a & <b> ${at}"`);
  for (let limit = 2_000; limit < 2_400; limit++) {
    const text = planMarkdown({ ...plain, losses }, limit);
    expect(text.length).toBeLessThanOrEqual(limit);
    expect(text.match(/<code>/g)?.length).toBe(text.match(/<\/code>/g)?.length);
    expect(text.replace(/&#\d+;/g, '')).not.toContain('&');
  }
});

test('a message of one line that is longer than a comment leaves its fence closed', () => {
  const blocked = { code: 'internal', message: 'x'.repeat(100_000), hint: 'y' };
  const text = planMarkdown({ ...plain, blocked });
  expect(text.length).toBeLessThan(commentLimit);
  expect((text.match(/^```\w*$/gm) ?? []).length % 2).toBe(0);
});

test('names become no links by themselves', () => {
  const names = ['www.example.com', 'https://e.vil/x', 'a@b.example', 'mailto:a@b.example', 'WWW.e.vil'];
  const text = planMarkdown({ ...plain, losses: names });
  const read = text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
  for (const part of ['www.', 'WWW.', '://', '@b']) expect(read).not.toContain(part);
  for (const name of names) expect(read.replaceAll('<!-- -->', '')).toContain(name);
});

test('a plan of a target whose position is not known has no numbers', () => {
  const blocked = { code: 'ledger_broken', message: 'a.sql is applied, but its file is missing', hint: 'x' };
  const report = { ...plain, blocked };
  for (const text of [planMarkdown(report), planText(report, { ...paper, width: 100 })]) {
    expect(text).toContain('What is to be applied is not known: the ledger does not fit the files.');
    expect(text).not.toMatch(/0 changes|0 migrations|No changes/);
  }
  const other = { ...plain, blocked: { ...blocked, code: 'missing_roles' } };
  expect(planMarkdown(other)).toContain('0 changes, 0 migrations to apply.');
  expect(planText(other, { ...paper, width: 100 })).toContain('0 migrations to apply.');
});
