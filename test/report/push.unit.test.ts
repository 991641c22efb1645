// `db:push` and `db:watch` as text.
import { expect, test } from 'vitest';
import type { PushPlan, PushReport } from '../../lib/commands/push.ts';
import { pushPlanText, pushText, watchEndText } from '../../lib/report/push.ts';

const paper = { width: 80, colour: false, now: new Date() };

const empty: PushPlan = {
  target: { name: 'local', address: 'embedded', protected: false },
  tool: null,
  recording: 'db:generate, then db:sync --baseline',
  changes: [],
  statements: [],
  cautions: [],
  findings: [],
  policy: [],
  renames: [],
  possible: [],
};

test('a statement of several lines is shown in its lines, without control characters and passwords', () => {
  const statements = [
    'CREATE TABLE public.t (\n  id integer\n)',
    "SELECT '\u001b[8mx', 'postgres://a:secret@h/d'",
  ];
  const plan = { ...empty, statements };
  const text = pushPlanText(plan, paper);
  expect(text.split('\n').slice(0, 3)).toEqual(['CREATE TABLE public.t (', '  id integer', ');']);
  expect(text).toContain('\ufffd[8mx');
  expect(text).not.toContain('secret');
});

test('the end of db:watch counts its comparisons', () => {
  expect([1, 2].map((looks) => watchEndText({ looks }))).toEqual([
    'Stopped after 1 comparison.',
    'Stopped after 2 comparisons.',
  ]);
});

test('the end of db:push names the next commands, within the width', () => {
  const report: PushReport = { ...empty, statements: ['CREATE TABLE t ()'], done: true };
  expect(pushText(report, paper).split('\n')).toEqual([
    'Pushed 1 statement to local. It is in sync.',
    'No migration was written. When the schema is ready: db:generate, then db:sync',
    '  --baseline.',
  ]);
  expect(
    pushText(
      { ...report, tool: 'Prisma', recording: 'db:generate, then record it with Prisma as applied' },
      paper,
    )
      .split('\n')
      .slice(1),
  ).toEqual([
    'No migration was written. When the schema is ready: db:generate, then record it',
    '  with Prisma as applied.',
  ]);
});
