// `db:generate` as text.
import { expect, test } from 'vitest';
import type { GenerateReport } from '../../lib/commands/generate.ts';
import { generateText } from '../../lib/report/migrations.ts';

const paper = { width: 80, colour: false, now: new Date(0) };

test('where nothing is written, the number of migrations has its verb', () => {
  const text = (total: number) => generateText({ written: [], total } as unknown as GenerateReport, paper);
  expect([0, 1, 2].map(text)).toEqual([
    'Nothing to write: the wanted schema is empty.',
    'Nothing to write: 1 migration leads to the wanted schema.',
    'Nothing to write: 2 migrations lead to the wanted schema.',
  ]);
});
