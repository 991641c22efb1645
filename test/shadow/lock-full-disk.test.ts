// A lock that finds no room on its disk leaves no file.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockDirectory } from '../../lib/shadow/lock.ts';
import { failure } from '../failure.ts';
import { smallFolder } from '../servers/small-disk.ts';

const disk = smallFolder(1);

test('a full disk refuses a lock, and nothing of it is left', async () => {
  if (typeof disk === 'string') return void process.stdout.write(`NOT RUN: a lock on a full disk. ${disk}\n`);
  try {
    disk.leave(0);
    const refused = await failure(lockDirectory(join(disk.place, 'backups')));
    expect(refused.code).toBe('unwritable_file');
    expect(refused.message).toContain('ENOSPC');
    expect(readdirSync(disk.place)).toEqual(['ballast']);
    disk.leave(null);
    await (await lockDirectory(join(disk.place, 'backups'))).release();
  } finally {
    disk.unmount();
  }
});
