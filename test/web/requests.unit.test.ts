// Requests of the page: from its address to the body and back, and the command that does the same.
import { expect, test } from 'vitest';
import type { ServiceJob } from '../../lib/service/schemas.ts';
import { addressOf, requestIn } from '../../web/request-form.ts';
import { commandOf, formatDuration } from '../../web/words.ts';

type Repeated = Pick<ServiceJob, 'id' | 'kind' | 'parameters'>;

const jobs: readonly (readonly [Repeated['kind'], Repeated['parameters'], string])[] = [
  ['export', { database: 'prod' }, 'db:backup --env prod'],
  [
    'export',
    { database: 'prod', format: 'custom', keep: true },
    'db:backup --env prod --format custom --keep',
  ],
  ['export', { database: 'prod', format: 'plain' }, 'db:backup --env prod --format plain'],
  [
    'import',
    { file: "it's old.dump", to: 'staging', noOwner: true, backupFirst: false },
    "db:restore 'it'\\''s old.dump' --to staging --no-owner",
  ],
  [
    'clone',
    { from: 'prod', to: 'staging', dataOnly: true, tables: ['users', 'shop.*'] },
    "db:backup --env staging && npx pgmage db:clone --from prod --to staging --tables users --tables 'shop.*' --data-only",
  ],
  [
    'data',
    { from: 'prod', to: 'staging', keepDeleted: true, backupFirst: false },
    'data:sync --from prod --to staging --keep-deleted',
  ],
];

test('a job gives the command that does the same', () => {
  for (const [kind, parameters, command] of jobs)
    expect(commandOf({ kind, parameters })).toBe(`npx pgmage ${command}`);
  expect(commandOf({ kind: 'verify', parameters: { file: 'a.native', drill: true } })).toBe(
    'npx pgmage db:backups verify a.native --drill',
  );
});

test('the address of a retry stands for the same request, without what confirmed it', () => {
  for (const [kind, parameters] of jobs) {
    const confirmed = { ...parameters, planId: 'x', confirm: 'staging', force: true };
    const { search } = new URL(addressOf({ id: 'one', kind, parameters: confirmed }), 'http://page');
    expect(requestIn(new URLSearchParams(search))).toEqual({ kind, body: parameters, retryOf: 'one' });
  }
});

test('an address that lacks a choice, or reads and writes one database, is no request', () => {
  const asked = (text: string) => requestIn(new URLSearchParams(text));
  expect(asked('')).toBe(null);
  expect(asked('kind=clone&from=prod')).toBe(null);
  expect(asked('kind=clone&from=prod&to=prod')).toBe(null);
  expect(asked('kind=import&file=a.dump')).toBe(null);
  expect(asked('kind=data&from=a&to=b&tables=x, y ,z')?.body).toEqual({
    from: 'a',
    to: 'b',
    tables: ['x', 'y', 'z'],
  });
});

test('durations are short', () => {
  expect([400, 12_400, 185_000, 7_380_000].map(formatDuration)).toEqual([
    '0.4 s',
    '12 s',
    '3 min 5 s',
    '2 h 3 min',
  ]);
});
