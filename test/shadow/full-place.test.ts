// The place of a private server becomes full: first of its log, which ends the server, or of its tables.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unprivileged } from '../servers/binaries.ts';
import { smallFolder } from '../servers/small-disk.ts';

// Mounts of its own: nothing else loses its memory. The server shares memory by /dev/shm, too.
const script = `mount -t tmpfs -o size=64m tmpfs /dev/shm; mount -t tmpfs -o size=$1m,mode=1777 tmpfs "$2"
  mkdir -m 777 "$2/tmp"; export TMPDIR="$2/tmp" XDG_CACHE_HOME="$3"
  exec setpriv --reuid "$4" --regid "$5" --clear-groups "$6" --import tsx "$7" "$3"`;

function load(megabytes: number, small: string, cache: string): { said: string[]; rows: unknown } {
  const user = unprivileged();
  const ids = 'uid' in user ? [user.uid, user.gid].map(String) : [];
  const program = join(import.meta.dirname, 'full-place.ts');
  const values = [`${megabytes}`, small, cache, ...ids, process.execPath, program];
  const given = ['--mount', 'sh', '-ec', script, 'sh', ...values];
  return JSON.parse(execFileSync('unshare', given, { encoding: 'utf8' }));
}

test('work for which the place has no room is done again in the embedded shadow', {
  timeout: 300_000,
}, () => {
  const disk = smallFolder(1);
  if (typeof disk === 'string')
    return void process.stdout.write(`0 trials: full place: no small disk can be mounted here: ${disk}\n`);
  disk.unmount();
  const [small, cache] = ['small', 'cache'].map((name) => mkdtempSync(join(tmpdir(), `pgmage-${name}-`)));
  execFileSync('chmod', ['777', cache as string]);
  try {
    const trials = { 'pg_wal/': 60, 'base/': 80 };
    for (const [place, megabytes] of Object.entries(trials)) {
      const { said, rows } = load(megabytes, small as string, cache as string);
      const full = new RegExp(`native one failed: .*"${place}.*No space left on device`);
      expect([rows, said]).toEqual([
        [{ tables: 1500, wasm: true }],
        [expect.any(String), expect.stringMatching(full)],
      ]);
    }
  } finally {
    for (const folder of [small, cache]) rmSync(folder as string, { recursive: true });
  }
});
