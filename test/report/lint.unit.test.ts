// The findings of db:lint as text, as annotations of GitHub and as a report of GitLab.
import { expect, test } from 'vitest';
import type { LintReport } from '../../lib/commands/lint.ts';
import { lintAnnotations, lintCodeQuality, lintText } from '../../lib/report/lint.ts';

const finding = {
  rule: 'drop_column',
  level: 'deny',
  hazards: ['deletes_data'],
  object: 'public.users.note',
  message: 'The values of the column are deleted',
  hint: 'Allow it, 100%.',
  where: { file: 'migrations/1_a.sql', line: 3, column: 7 },
  table: { name: 'users', rows: 5, bytes: 8192 },
} as const;
const warning = { ...finding, rule: 'own', level: 'warn', hint: '', where: null, table: null } as const;
const report: LintReport = {
  files: ['migrations/1_a.sql'],
  findings: [finding, warning],
  denied: 1,
  warned: 1,
  mayBeApplied: false,
};
const paper = { width: 100, uncut: true, colour: false, now: new Date(0) };

test('as text, with the place, the size of the table and the sum', () => {
  expect(lintText(report, paper).split('\n')).toEqual([
    'migrations/1_a.sql:3:7 denied  drop_column',
    '  users.note: The values of the column are deleted (users: 8 kB)',
    '  Hint: Allow it, 100%.',
    'public.users.note warning own',
    '  users.note: The values of the column are deleted',
    '',
    '1 denied, 1 warning in 1 file.',
  ]);
  expect(lintText({ ...report, findings: [], denied: 0, warned: 0 }, paper)).toBe('No findings in 1 file.');
  expect(
    lintText({ ...report, mayBeApplied: true }, paper)
      .split('\n')
      .at(-1),
  ).toBe(
    'Hint: Applied migrations are checked, too. To leave them out, name the commit that has them: --base' +
      ' origin/main. Or set policy.after in the configuration to the name of the last one.',
  );
});

test('as annotations: an error where it is denied, else a warning; hostile text stays text', () => {
  const hostile = { ...finding, message: 'a\n::error::b', object: 'x%0A\u202e' };
  expect(lintAnnotations({ ...report, findings: [finding, warning, hostile] }).split('\n')).toEqual([
    '::error title=drop_column,file=migrations/1_a.sql,line=3,col=7::users.note: The values of the column are' +
      ' deleted (users: 8 kB)%0AAllow it, 100%25.',
    '::warning title=own,file=migrations/1_a.sql,line=1,col=1::users.note: The values of the column are deleted',
    expect.stringMatching(/^::error title=drop_column,[^\n]*::x%250A[^\u202e]*: a%0A::error::b/),
  ]);
});

test('as a report of code quality: each finding with a fingerprint of its own', () => {
  const parsed = JSON.parse(lintCodeQuality(report, (text) => text.replaceAll('\n', '/')));
  expect(parsed).toMatchObject([
    {
      check_name: 'drop_column',
      severity: 'major',
      location: { path: 'migrations/1_a.sql', lines: { begin: 3 } },
      fingerprint: expect.stringContaining('drop_column/migrations/1_a.sql/public.users.note'),
    },
    { check_name: 'own', severity: 'minor', location: { path: 'migrations/1_a.sql', lines: { begin: 1 } } },
  ]);
});
