// Requests of the page: from its address to the body and back, and the command that does the same.
import { expect, test } from 'vitest';
import type { ServiceJob } from '../../lib/service/schemas.ts';
import { addressOf, requestIn } from '../../web/request-form.ts';
import { describeTimes } from '../../web/schedule-words.ts';
import { commandOf, formatDuration, labelOf, noteDownload } from '../../web/words.ts';

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
    'import',
    { file: 'uploaded_2026-11-29T10-00-00Z_old.sql', to: 'staging', withoutManifest: true, append: true },
    'db:restore backups/uploads/uploaded_2026-11-29T10-00-00Z_old.sql --to staging --without-manifest --append',
  ],
  [
    'import',
    { file: 'x.sql', to: 'staging', withoutManifest: true, backupFirst: false },
    'db:restore x.sql --to staging --without-manifest --no-backup-first',
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
  [
    'data',
    { from: 'prod', to: 'staging', complete: true },
    'db:backup --env staging && npx pgmage data:sync --from prod --to staging --complete',
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

test('an address that lacks a choice, or reads and writes one database, is not a request', () => {
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

test('the name of a file becomes a label of letters', () => {
  const files = ['shop.sql.gz', '../../etc/passwd', 'Überblick (1).dump', '...', '-x.tar', 'a'.repeat(90)];
  expect(files.map(labelOf)).toEqual(['shop', 'etc-passwd', 'berblick-1-', 'dump', 'x', 'a'.repeat(60)]);
});

test.each([
  ['hourly', 'Every hour'],
  ['30 2 * * *', 'Every day at 02:30'],
  ['30 2 * * 1', 'Every Monday at 02:30'],
  ['0 4 * * 1-5', 'Monday to Friday at 04:00'],
  ['0 4 * * 6,0', 'Every Saturday and Sunday at 04:00'],
  ['0 6,18 * * *', 'Every day at 06:00 and 18:00'],
  ['15 3 1 * *', 'On day 1 of every month at 03:15'],
  ['*/15 * * * *', 'Every 15 minutes'],
  ['5 * * * *', 'Every hour at minute 5'],
  ['0 */6 * * *', 'Every 6 hours at minute 0'],
  ['*/10 * * * 1-5', 'Monday to Friday every 10 minutes'],
  ['0 0 29 2 *', 'By cron 0 0 29 2 *'],
  ['0 0', 'By cron 0 0'],
] as const)('cron in words: %s', (every, words) => {
  expect(describeTimes({ every })).toBe(`${words}, UTC`);
});

test('durations are short', () => {
  expect([400, 12_400, 185_000, 7_380_000].map(formatDuration)).toEqual([
    '0.4 s',
    '12 s',
    '3 min 5 s',
    '2 h 3 min',
  ]);
});

test('a download that ends early says so', () => {
  expect(noteDownload(61_000, 0)).toBe('');
  expect(noteDownload(61_000, 40_000)).toBe(
    'The download has the first 61,000 of 101,000 lines. db:diff prints all:',
  );
});
