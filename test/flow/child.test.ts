// What pgmage starts connects where pgmage does, whatever variables of libpq it has inherited.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { resolveClientAccess } from '../../lib/pg/route.ts';
import { installedServers } from '../servers/binaries.ts';
import { freshDatabase, rowsOf } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { type OwnServer, startServer } from '../servers/server.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const [programs] = installedServers();
const own = servers().find(({ major }) => programs?.includes(`/${major}/`));

let other: OwnServer;
let root: string;

beforeAll(async () => {
  if (programs === undefined) return;
  other = await startServer(programs, { log_connections: 'on' });
  root = mkdtempSync(join(tmpdir(), 'pgmage-children-'));
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(
    join(root, 'pg_service.conf'),
    `[other]\nhost=127.0.0.1\nport=${other.port}\nuser=clearuser\n`,
  );
});

afterAll(async () => {
  await other?.stop();
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});

function pgmage(url: string, ...words: string[]) {
  const program = join(import.meta.dirname, '../../lib/bin.ts');
  const elsewhere = {
    PGSERVICE: 'other',
    PGSERVICEFILE: join(root, 'pg_service.conf'),
    PGHOSTADDR: '127.0.0.2',
    PGTZ: 'Foo',
    PGDATESTYLE: 'German',
  };
  return spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), program, ...words], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: `${programs}:${process.env.PATH}`, HOME: root, DATABASE_URL: url, ...elsewhere },
  });
}

test.runIf(own !== undefined)(
  'pg_dump and the commands of the configuration, with PGSERVICE, PGHOSTADDR and PGTZ set',
  async () => {
    const { url, drop } = await freshDatabase(own as NonNullable<typeof own>);
    try {
      await rowsOf(url, `create table t as select 'here' as place`);
      const folder = join(root, 'backups');
      writeFileSync(
        join(root, 'pgmage.config.ts'),
        `export default { hooks: { failed: 'env > failed.txt' }, environments: { other: { command:` +
          ` 'env | grep ^PG >&2; exit 1' } } };`,
      );
      const backup = pgmage(url, 'db:backup', '--format', 'plain');
      expect(backup.stderr + backup.stdout).toContain('Backed up');
      expect(backup.status).toBe(0);
      const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.gz'));
      expect(execFileSync('zcat', [join(folder, file)], { encoding: 'utf8' })).toContain('\nhere\n');
      // grep finds nothing, and says nothing.
      const asked = pgmage(url, 'db:diff', '--from', 'other', '--to', 'empty');
      expect(asked.stderr).toContain('failed: exit code 1');
      const inherited = readFileSync(join(root, 'failed.txt'), 'utf8').match(/^PG\w*/gm);
      expect(inherited?.sort()).toEqual(['PGMAGE_CODE', 'PGMAGE_HINT', 'PGMAGE_MESSAGE', 'PGMAGE_TASK']);
      expect(readFileSync(join(other.directory, 'log'), 'utf8')).not.toContain('clearuser');
    } finally {
      await drop();
    }
  },
);

test('a password of a key is not an argument of pg_dump', () => {
  const url = 'postgres://u@h/d?sslkey=k&sslpassword=hidden';
  expect(() => resolveClientAccess(url, { environment: 'prod' })).toThrow(
    /pg_dump does not support sslpassword/,
  );
});
