// Rows on disk.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Spool, withSpools } from '../../lib/data-sync/spool.ts';

test('a job that goes on after another one failed leaves no open file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-spool-'));
  const late: Promise<Spool>[] = [];
  const work = withSpools(folder, async (spool) => {
    late.push(setTimeout(20).then(spool));
    throw new Error('another job failed');
  });
  await expect(work).rejects.toThrow('another job failed');
  const spool = await (late[0] as Promise<Spool>);
  await expect(spool.write(Buffer.alloc(1 << 17))).rejects.toMatchObject({ code: 'unwritable_file' });
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
