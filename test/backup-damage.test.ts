// Every damage to a backup or its manifest is seen and named.

import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, writeManifest } from '../lib/flow/manifest.ts';
import { backup } from '../lib/operations/backup.ts';
import { verifyBackups } from '../lib/operations/backups.ts';
import { backupsText } from '../lib/report/backups.ts';
import { backupProject, ways } from './backup/scene.ts';
import { everything } from './flow/everything.ts';
import { type Database, freshDatabase } from './servers/databases.ts';
import { query } from './servers/server.ts';

const paper = { width: 200, colour: false, now: new Date('2026-11-21T09:30:00Z') };
// One of each way: what is damaged is a file.
const all = (await ways('damaged backups')).filter(
  ({ engine }, at, list) => list.findIndex((one) => one.engine === engine) === at,
);

describe.each(all)('PostgreSQL $major by $engine', ({ server, engine }) => {
  let database: Database;
  let own: ReturnType<typeof backupProject>;
  let file: string;

  beforeAll(async () => {
    database = await freshDatabase(server);
    await query(database.url, everything);
    own = backupProject({ prod: database.url });
    file = join(own.context.root, (await backup(own.context, { engine })).file);
  });
  afterAll(async () => {
    own.drop();
    await database.drop();
  });

  test('every damage is named, and the sound one beside it is not touched', async () => {
    const trials: string[] = [];
    const size = readFileSync(file).length;
    const flip = (path: string, at: number) => {
      const bytes = readFileSync(path);
      bytes[at] = (bytes[at] as number) ^ 1;
      writeFileSync(path, bytes);
    };
    const rewrite = (path: string, change: (text: string) => string) =>
      writeFileSync(path, change(readFileSync(path, 'utf8')));
    const other = 'other_prod_2026-11-20T09-30-01Z';
    const damages: [string, (dump: string, json: string) => void, RegExp][] = [
      ['cut by 1 byte', (dump) => truncateSync(dump, size - 1), /cut off: 1 of \d+ bytes are missing/],
      ['cut by 300 bytes', (dump) => truncateSync(dump, size - 300), /cut off: 300 of/],
      ['cut in half', (dump) => truncateSync(dump, size >> 1), /cut off: \d+ of/],
      ['empty', (dump) => truncateSync(dump, 0), /is empty: all of its/],
      ['longer', (dump) => writeFileSync(dump, 'x', { flag: 'a' }), /1 bytes more than were written/],
      ['a bit of its head', (dump) => flip(dump, 40), /the checksum differs/],
      ['a bit in the middle', (dump) => flip(dump, size >> 1), /the checksum differs/],
      ['its last bit', (dump) => flip(dump, size - 1), /the checksum differs/],
      ['gone', (dump) => rmSync(dump), /the dump itself is missing/],
      ['no manifest', (_, json) => rmSync(json), /it has no manifest/],
      ['manifest cut off', (_, json) => truncateSync(json, 100), /manifest is no JSON/],
      [
        'manifest edited',
        (_, json) => rewrite(json, (text) => text.replace('"rows": 3000', '"rows": 3001')),
        /manifest was edited/,
      ],
      ['manifest without a seal', (_, json) => writeFileSync(json, '{}'), /manifest was edited/],
      [
        'manifest of another file',
        (dump, json) => {
          renameSync(json, join(json, '..', `${other}.json`));
          renameSync(dump, join(dump, '..', `${other}.${engine === 'native' ? 'native' : 'dump'}`));
        },
        /manifest is that of/,
      ],
    ];
    for (const [name, damage, words] of damages) {
      const there = join(own.context.root, 'damaged');
      rmSync(there, { recursive: true, force: true });
      mkdirSync(there);
      const copy = join(there, file.replace(/^.*[\\/]/, ''));
      copyFileSync(file, copy);
      copyFileSync(file.replace(/\.\w+$/, '.json'), copy.replace(/\.\w+$/, '.json'));
      damage(copy, copy.replace(/\.\w+$/, '.json'));
      const one = name === 'gone' ? copy : undefined;
      const { backups: found } = await verifyBackups(own.context, { dir: 'damaged' }, one);
      expect([name, found.map(({ faults }) => faults.join())]).toEqual([
        name,
        [expect.stringMatching(words)],
      ]);
      expect(backupsText({ folder: 'damaged', backups: found }, paper)).toMatch(/is no good backup: /);
      trials.push(name);
    }
    process.stdout.write(
      `${trials.length} trials: damaged backups of PostgreSQL ${server.major} by ${engine}\n`,
    );
    const sound = await verifyBackups(own.context, {}, file.replace(/^.*[\\/]/, ''));
    expect(sound.backups.map(({ faults }) => faults)).toEqual([[]]);
  });

  test('a flip that the checksum was made of, too, is seen by reading it whole', async () => {
    const there = join(own.context.root, 'flipped');
    mkdirSync(there);
    const copy = join(there, file.replace(/^.*[\\/]/, ''));
    const bytes = readFileSync(file);
    const at = bytes.length - 4000;
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(copy, bytes);
    const { seal: _, ...manifest } = JSON.parse(
      readFileSync(file.replace(/\.\w+$/, '.json'), 'utf8'),
    ) as Manifest & { seal: string };
    await writeManifest(copy, { ...manifest, sha256: createHash('sha256').update(bytes).digest('hex') });
    const { backups: found } = await verifyBackups(own.context, { dir: 'flipped' });
    expect(found[0]?.faults.join()).toMatch(
      engine === 'native' ? /incorrect data check|invalid|too early|does not belong/ : /pg_restore failed: /,
    );
  });
});
