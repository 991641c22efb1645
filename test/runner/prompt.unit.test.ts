// Questions on the terminal.
import { expect, test } from 'vitest';
import { formatAnswer } from '../../lib/runner/prompt.ts';

test('the answer that was chosen is shown in its words, and nothing before', () => {
  const told = (submitted: boolean, cancelled: boolean) =>
    formatAnswer.call({ state: { submitted, cancelled }, selected: { message: 'yes: it is called b now' } });
  expect([told(false, false), told(true, true), told(true, false)]).toEqual([
    '',
    '',
    'yes: it is called b now',
  ]);
});
