// Every damage to a backup or its manifest is seen and named.

import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backups, verifyBackups } from '../../lib/commands/backups.ts';
import { prune } from '../../lib/commands/backups-prune.ts';
import { checksumDump } from '../../lib/flow/dump.ts';
import { dumpName } from '../../lib/flow/formats.ts';
import { type Manifest, manifestPath, writeManifest } from '../../lib/flow/manifest.ts';
import { backupsText } from '../../lib/report/backups.ts';
import { everything } from '../flow/everything.ts';
import { type BackedUp, backedUp, oneOfEach } from './scene.ts';

const paper = { width: 200, colour: false, now: new Date('2026-11-21T09:30:00Z') };
function biggest(folder: string): string {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  return paths.sort((a, b) => statSync(b).size - statSync(a).size)[0] as string;
}

const ofFolders: [string, (dump: string) => void, RegExp][] = [
  ['its table of contents is gone', (dump) => rmSync(join(dump, 'toc.dat')), /toc\.dat is missing/],
  ['a file is gone', (dump) => rmSync(biggest(dump)), /\d+\.dat\.gz is missing/],
  ['a file too many', (dump) => writeFileSync(join(dump, 'more'), ''), /more is not part of the backup/],
  [
    'all files are gone',
    (dump) => {
      for (const name of readdirSync(dump)) rmSync(join(dump, name));
    },
    /is missing/,
  ],
];

describe.each(await oneOfEach('damaged backups'))('PostgreSQL $major, $format', ({ server, format }) => {
  let scene: BackedUp;
  let { own, path: file } = {} as BackedUp;

  beforeAll(async () => {
    scene = await backedUp(server, everything, { format });
    ({ own, path: file } = scene);
  });
  afterAll(() => scene.drop());

  test('every damage is named, and the sound one beside it is not touched', async () => {
    const trials: string[] = [];
    // Of a folder its biggest file is damaged, or one of the others.
    const inside = (dump: string) => (format === 'directory' ? biggest(dump) : dump);
    const size = readFileSync(inside(file)).length;
    const flip = (path: string, at: number) => {
      const bytes = readFileSync(path);
      bytes[at] = (bytes[at] as number) ^ 1;
      writeFileSync(path, bytes);
    };
    const rewrite = (path: string, change: (text: string) => string) =>
      writeFileSync(path, change(readFileSync(path, 'utf8')));
    const other = 'other_prod_2026-11-20T09-30-01Z';
    const damages: [string, (dump: string, json: string) => void, RegExp][] = [
      [
        'cut by 1 byte',
        (dump) => truncateSync(inside(dump), size - 1),
        /truncated: 1 byte is missing of \d+/,
      ],
      [
        'cut by 300 bytes',
        (dump) => truncateSync(inside(dump), size - 300),
        /truncated: 300 bytes are missing of/,
      ],
      ['cut in half', (dump) => truncateSync(inside(dump), size >> 1), /truncated: \d+ bytes are missing of/],
      ['empty', (dump) => truncateSync(inside(dump), 0), /is empty: all of its/],
      ['longer', (dump) => writeFileSync(inside(dump), 'x', { flag: 'a' }), /1 byte too many/],
      ['a bit of its head', (dump) => flip(inside(dump), 40), /its checksum differs/],
      ['a bit in the middle', (dump) => flip(inside(dump), size >> 1), /its checksum differs/],
      ['its last bit', (dump) => flip(inside(dump), size - 1), /its checksum differs/],
      ['gone', (dump) => rmSync(dump, { recursive: true }), /the dump itself is missing/],
      ...(format === 'directory' ? ofFolders : []),
      ['no manifest', (_, json) => rmSync(json), /it has no manifest/],
      ['manifest cut off', (_, json) => truncateSync(json, 100), /manifest is not valid JSON/],
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
          renameSync(dump, join(dump, '..', dumpName(other, format)));
        },
        /manifest is that of/,
      ],
    ];
    for (const [name, damage, words] of damages) {
      const there = join(own.context.project.root, 'damaged');
      rmSync(there, { recursive: true, force: true });
      mkdirSync(there);
      const copy = join(there, file.replace(/^.*[\\/]/, ''));
      cpSync(file, copy, { recursive: true });
      copyFileSync(manifestPath(file), manifestPath(copy));
      damage(copy, manifestPath(copy));
      const { backups: found } = await verifyBackups(own.context, { dir: 'damaged' });
      expect([name, found.map(({ faults }) => faults.join())]).toEqual([
        name,
        [expect.stringMatching(words)],
      ]);
      const shown = backupsText({ folder: 'damaged', backups: found, stale: [] }, paper);
      if (name === 'no manifest') {
        expect(shown).toMatch(/has\s+no\s+manifest.*Copy\s+\S+\.json\s+beside\s+it/s);
        expect(shown).not.toMatch(/delete|is damaged/);
      } else expect(shown).toMatch(/is damaged: /);
      const later = await backups(own.context, { dir: 'damaged' });
      expect([name, later.backups.map(({ faults }) => faults.join())]).toEqual([
        name,
        [expect.stringMatching(words)],
      ]);
      trials.push(name);
    }
    process.stdout.write(
      `${trials.length} trials: damaged backups of PostgreSQL ${server.major} as ${format}\n`,
    );
    const sound = await verifyBackups(own.context, {}, file.replace(/^.*[\\/]/, ''));
    expect(sound.backups.map(({ faults }) => faults)).toEqual([[]]);
  });

  test('a flip that the checksum was made of, too, is seen by reading it whole', async () => {
    const there = join(own.context.project.root, 'flipped');
    mkdirSync(there);
    const copy = join(there, file.replace(/^.*[\\/]/, ''));
    cpSync(file, copy, { recursive: true });
    const damaged = format === 'directory' ? biggest(copy) : copy;
    const bytes = readFileSync(damaged);
    const at = bytes.length - Math.min(4000, bytes.length >> 1);
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(damaged, bytes);
    const { seal: _, ...manifest } = JSON.parse(readFileSync(manifestPath(file), 'utf8')) as Manifest & {
      seal: string;
    };
    await writeManifest(copy, { ...manifest, ...(await checksumDump(copy, copy)) });
    const { backups: found } = await verifyBackups(own.context, { dir: 'flipped' });
    expect(found[0]?.faults.join()).toMatch(
      format === 'native' || format === 'plain'
        ? /incorrect data check|invalid|truncated|unexpected data|data after its end/
        : /pg_restore failed: /,
    );
    // A checksum alone does not make it good again, and retention does not count it.
    const listed = await backups(own.context, { dir: 'flipped' });
    expect(listed.backups[0]?.faults).toEqual(found[0]?.faults);
    const { kept, removed } = await prune(own.context, { dir: 'flipped', keepDaily: 1 });
    expect([kept.map(({ why }) => why), removed]).toEqual([[['broken']], []]);
  });
});
