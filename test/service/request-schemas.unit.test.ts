// The shapes of requests refuse what the database would refuse later, with an error of its own.
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { CloneSchema, JobsQuerySchema } from '../../lib/service/request-schemas.ts';

test('an id of a job or a plan is a UUID', () => {
  const query = Compile(JobsQuerySchema);
  const body = Compile(CloneSchema);
  const takes = (id: string) => [
    query.Check({ before: id }),
    body.Check({ from: 'source', to: 'target', planId: id }),
  ];
  expect(takes('5b519428-fb85-4725-b857-7d4dbf147eb2')).toEqual([true, true]);
  for (const id of ['0'.repeat(36), '-'.repeat(36), '5b519428-fb85-4725-b857-7d4dbf147eb2\n', ''])
    expect([id, takes(id)]).toEqual([id, [false, false]]);
});
