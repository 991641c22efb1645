// Annotations of GitHub: each is in the file that it is about.
import { expect, test } from 'vitest';
import type { StatusReport } from '../../lib/commands/status.ts';
import type { VerifyReport } from '../../lib/commands/verify.ts';
import { findNamedFile } from '../../lib/migration/chain.ts';
import { startOf } from '../../lib/problem/location.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { problemAnnotation, statusAnnotations, verifyAnnotations } from '../../lib/report/annotations.ts';

const filesIn = (text: string) => text.split('\n').map((line) => /,file=([^,]*),line=1,/.exec(line)?.[1]);

// The project is in a folder of its repository.
const below = { repositoryPath: (file: string) => `packages/db/${file}` };

test('problems of the migrations are in their files, and all else is in the schema', () => {
  const report: StatusReport = {
    schema: { path: 'schema/schema.sql', modified: null },
    target: { name: 'prod', address: 'postgres://db/shop', major: 17, protected: true },
    inSync: false,
    appliedBy: 'db:sync',
    changes: [{ standing: 'missing', kind: 'table', facts: [], text: 'TABLE t', part: null, attributes: [] }],
    objects: 1,
    unmanaged: [],
    record: {
      files: 3,
      applied: 1,
      appliedBy: 'db:sync',
      pending: ['2_b', '3_c'],
      unrecorded: [],
      drift: [],
      unfinished: [],
      faults: ['1_a was edited', '9_x is applied, but its file is missing'],
      places: { pending: ['migrations/2_b.sql', 'migrations/3_c.sql'], faults: ['migrations/1_a.sql', null] },
    },
  };
  expect(filesIn(statusAnnotations(report))).toEqual([
    'schema/schema.sql',
    'migrations/2_b.sql',
    'migrations/3_c.sql',
    'migrations/1_a.sql',
    'schema/schema.sql',
  ]);
  expect(filesIn(statusAnnotations(report, below))[1]).toBe('packages/db/migrations/2_b.sql');
});

test('a fault of a check without a file has none', () => {
  const checks: VerifyReport['checks'] = [
    { is: 'ledger', faults: ['x', 'y'], places: [startOf('migrations/1_a.sql'), undefined] },
  ];
  const text = verifyAnnotations({ target: null, sound: false, checks, appliedBy: 'db:sync' });
  expect(filesIn(text)).toEqual(['migrations/1_a.sql', undefined]);
  const again = verifyAnnotations({ target: null, sound: false, checks, appliedBy: 'db:sync' }, below);
  expect(filesIn(again)).toEqual(['packages/db/migrations/1_a.sql', undefined]);
});

test('a problem that names files is in the first of them', () => {
  const files = ['migrations/2_b.sql', 'migrations/3_c.sql'];
  const broken = new Problem('broken_chain', { breaks: ['2_b was edited', 'x'], merged: false, files });
  expect(filesIn(problemAnnotation(broken))).toEqual(['migrations/2_b.sql']);
  const bad = new Problem('bad_migration', { file: 'migrations/4_d.sql', reason: 'x' });
  expect(filesIn(problemAnnotation(bad))).toEqual(['migrations/4_d.sql']);
  expect(filesIn(problemAnnotation(new Problem('internal', { reason: 'x' })))).toEqual([undefined]);
});

test('of two names that begin alike, the longer one is meant', () => {
  const files = ['1_a', '1_a_more', '2_b'].map((name) => ({ name, file: `migrations/${name}.sql` }));
  expect(findNamedFile('1_a_more is a copy of 1_a', files)).toBe('migrations/1_a_more.sql');
  expect(findNamedFile('2_b and 1_a follow the same migration', files)).toBe('migrations/2_b.sql');
  expect(findNamedFile('the ledger', files)).toBe(null);
});
