// `db:push` and `db:watch` as text.
import { expect, test } from 'vitest';
import type { PushPlan } from '../../lib/commands/push.ts';
import { pushPlanText, watchEndText } from '../../lib/report/push.ts';

const paper = { width: 80, colour: false, now: new Date() };

test('a statement of several lines is shown in its lines, without control characters and passwords', () => {
  const plan: PushPlan = {
    target: { name: 'local', address: 'embedded', protected: false },
    changes: [],
    statements: [
      'CREATE TABLE public.t (\n  id integer\n)',
      "SELECT '\u001b[8mx', 'postgres://a:secret@h/d'",
    ],
    cautions: [],
    findings: [],
    policy: [],
    renames: [],
    possible: [],
  };
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
