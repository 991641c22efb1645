// What is said of two databases before data moves, whatever they are.
import { expect, test } from 'vitest';
import { checkDisk } from '../../lib/copy/disk-space.ts';
import { findExtensions, listOtherVersions } from '../../lib/copy/extensions.ts';
import { type CopyEnds, checkDatabases, type Database } from '../../lib/copy/preflight.ts';

import { Problem } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';
import { smallDisk } from '../servers/small-disk.ts';
import { cloned, contextOf } from './cloning.ts';

const one: Database = {
  ...{ name: 'a', oid: '5', encoding: 'UTF8', collation: 'C', version: 150018, versionText: '15.18' },
  ...{ bytes: 1, started: 'monday', standby: false, path: 'public', system: '7' },
};
const end = (name: string) => ({ named: { name, address: '', protected: false } });
const ends = { from: end('prod'), to: end('staging') } as CopyEnds;

const found = (name: string, from: Partial<Database>, to: Partial<Database>) => {
  const check = checkDatabases({ ...one, ...from }, { ...one, oid: '6', ...to }, ends).find(
    (other) => other.name === name,
  );
  return `${check?.outcome}: ${check?.text}`;
};

test.each([
  ['different databases', {}, {}, 'ok: by system identifier and database OID'],
  ['different databases', {}, { oid: '5' }, 'failed: they are the same database'],
  [
    'different databases',
    {},
    { oid: '5', started: 'tuesday' },
    'warning: one is a file copy of the other, or both were restored from the same files',
  ],
  [
    'different databases',
    { standby: true },
    { oid: '5', started: 'tuesday' },
    'failed: the source is a standby of the target',
  ],
  [
    'different databases',
    { system: null },
    { oid: '5' },
    /^failed: they are the same database, by server start time/,
  ],
  ['different databases', { system: null }, { oid: '5', started: 'tuesday' }, /^ok: by server start time/],
  ['server versions', { version: 180004, versionText: '18.4' }, {}, 'failed: 18.4 → 15.18: staging is older'],
  [
    'server versions',
    {},
    { version: 150010, versionText: '15.10' },
    'warning: 15.18 → 15.10: staging is older by a minor version',
  ],
  ['server versions', {}, { version: 180001, versionText: '18.1' }, 'ok: 15.18 → 18.1'],
  ['writable', {}, { standby: true }, 'failed: staging is a standby, which cannot be written to'],
  [
    'encoding',
    {},
    { encoding: 'LATIN1' },
    /^failed: prod has UTF8, staging has LATIN1\. Make a target .*: CREATE DATABASE .* TEMPLATE template0 ENCODING 'UTF8'/,
  ],
  ['collation', {}, { collation: 'de_DE' }, 'warning: prod sorts by C, staging by de_DE'],
  ['size', { bytes: 2048 }, {}, 'ok: 2 kB. Transfer may take 1 second'],
  ['size', { bytes: 2 ** 30 }, {}, 'ok: 1.00 GB. Transfer may take 52 seconds'],
  [
    'size',
    { bytes: 3 * 2 ** 30 },
    {},
    /^warning: 3\.00 GB\. Transfer may take 154 seconds; during that time/,
  ],
  ['size', { bytes: 6 * 2 ** 30 }, {}, /^warning: 6\.00 GB\. .*a physical backup is faster/],
] as const)('%s: %j and %j', (name, from, to, wanted) => {
  expect(found(name, from, to)).toEqual(typeof wanted === 'string' ? wanted : expect.stringMatching(wanted));
});

// What is said of the disk under a database, to a role.
async function saidOfDisk(url: string, needed: number | null, force = false, role = ''): Promise<string> {
  const connection = await userSession({ url, applicationName: 'pgmage tests' });
  try {
    if (role !== '') await connection.execute(`set role ${role}`);
    const there = { from: ends.from, to: { ...end('staging'), connection } } as CopyEnds;
    const { outcome, text } = await checkDisk(there, needed, force);
    return `${outcome}: ${text}`;
  } finally {
    await connection.close();
  }
}

test.each(servers())('the disk of a server on this machine is asked: $major', async (server) => {
  await withDatabase(server, async ({ url }) => {
    expect(await saidOfDisk(url, null)).toMatch(/^ok: [\d.]+ [MG]B are free$/);
    expect(await saidOfDisk(url, 2 ** 20)).toMatch(/^ok: .* are free for staging, and prod needs 1 MB$/);
    const petabyte = 2 ** 50;
    expect(await saidOfDisk(url, petabyte)).toMatch(/^failed: .*prod needs 1048576\.0 GB; --force skips/);
    expect(await saidOfDisk(url, petabyte, true)).toMatch(/^warning: .*prod needs 1048576\.0 GB$/);
    expect(await saidOfDisk(url, 1, false, 'pg_monitor')).toMatch(/^unknown: /);
  });
});

test('too little room in the tablespace of the target is found before anything is touched', async () => {
  const disk = await smallDisk(anyServer().major, 16);
  if (typeof disk === 'string') {
    process.stdout.write(`NOT RUN: a full disk before a clone: no small disk can be mounted here: ${disk}\n`);
    return;
  }
  try {
    await withDatabase(disk.server, (source) =>
      withDatabase(disk.server, async (target) => {
        await rowsOf(source.url, 'create table t as select 1 as i');
        await rowsOf(disk.server.socket(), `alter database ${target.name} set tablespace small`);
        disk.leave(2 ** 20);
        const refused = await failure(cloned(contextOf(source.url, target.url), { force: false }));
        expect(refused).toBeInstanceOf(Problem);
        expect(refused).toMatchObject({
          code: 'clone_refused',
          data: { faults: [expect.stringMatching(/^1 MB are free for target, and source needs \d+ MB/)] },
        });
        disk.leave(null);
      }),
    );
  } finally {
    await disk.remove();
  }
});

test('an extension of which no version is wanted has none other', async () => {
  await withDatabase(anyServer(), async ({ socket }) => {
    const ask = (version: string | null) =>
      withSession(socket, async (session) =>
        listOtherVersions(await findExtensions(session, [{ name: 'hstore', version, schema: null }])),
      );
    expect([await ask(null), await ask('0.7')]).toEqual([[], ['hstore']]);
  });
});
