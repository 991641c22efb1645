// The data directory that every native shadow starts from: made once for each version of the programs. Its
// roles are the boundary between SQL in the shadow and the account that runs the server.
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shadowRole } from '../model/catalog.ts';
import { Problem } from '../problem/problem.ts';
import { type Program, readOutput } from '../programs/run.ts';
import type { NativePrograms } from './native-programs.ts';

// Nothing here outlives a command, so nothing is flushed. A whole schema is one transaction, which holds a
// lock on everything it makes. Temporary files are limited, because a query may never end; and so is the
// write-ahead log, which may be in memory.
const configuration = `listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 5
superuser_reserved_connections = 0
max_locks_per_transaction = 12288
shared_buffers = 24MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 2MB
max_wal_size = 32MB
max_worker_processes = 0
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
autovacuum = off
autovacuum_worker_slots = 1
io_method = sync
jit = off
temp_file_limit = 4GB
timezone = 'UTC'
datestyle = 'iso, mdy'
default_text_search_config = 'pg_catalog.english'
lc_messages = 'C'
createrole_self_grant = 'set, inherit'
`;

// The superuser that initdb makes. No session can be opened as it.
const bootstrap = 'pgmage_bootstrap';

// Only the shadow's role may open a session, from the private folder of the socket.
const access = `local all ${shadowRole} trust\nlocal all all reject\n`;

// Before PostgreSQL 16, a role that may create roles can also make itself a member of each role that is no
// superuser, so the roles that reach files and programs are removed. The role passes row security, as a
// superuser does, and owns the database.
const preparation = [
  `create role ${shadowRole} login createrole bypassrls`,
  `alter database postgres owner to ${shadowRole}`,
  `grant set on parameter session_replication_role to ${shadowRole}`,
  `delete from pg_catalog.pg_authid where rolname in
    ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')`,
  'update pg_catalog.pg_database set datistemplate = false',
  'drop database template1',
  'drop database template0',
  'checkpoint',
];

/**
 * The folder of the template; it is made where it is missing.
 * @param again true after a damaged one, to make it again
 * @throws Problem `shadow_failed` with the output of the program
 */
export async function findNativeTemplate(
  programs: NativePrograms,
  cache: string,
  { progress, again = false }: { progress?: ((message: string) => void) | undefined; again?: boolean } = {},
): Promise<string> {
  const folder = join(cache, `native-${programs.version}-${programs.key}-2`);
  if (again) await rm(folder, { recursive: true, force: true });
  else if (await exists(join(folder, 'PG_VERSION'))) return folder;
  progress?.('Preparing the shadow database (once)');
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(`${folder}.`);
  try {
    await make(programs, draft);
    // Another process may have been faster.
    await rename(join(draft, 'data'), folder).catch(async (thrown: unknown) => {
      if (!(await exists(join(folder, 'PG_VERSION')))) throw thrown;
    });
    return folder;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function make({ folder, version }: NativePrograms, draft: string): Promise<void> {
  const data = join(draft, 'data');
  const encoding = ['-E', 'UTF8', '--locale=C', '-A', 'reject', '-U', bootstrap];
  // Checksums are on by default since PostgreSQL 18 (manual: initdb).
  const unchecked = Number.parseInt(version, 10) >= 18 ? ['--no-data-checksums'] : [];
  const options = ['--no-sync', '--no-instructions', '--wal-segsize=1', ...encoding, ...unchecked];
  await runProgram({ file: join(folder, 'initdb'), args: [...options, '-D', data], cwd: draft });
  await writeFile(join(data, 'postgresql.conf'), settingsOf(version), { mode: 0o600 });
  await writeFile(join(data, 'pg_hba.conf'), access, { mode: 0o600 });
  const first = join(draft, 'prepare.sql');
  const second = join(draft, 'warm.sql');
  await writeFile(first, `${preparation.join(';\n\n')};\n\n`);
  // A second session finds the catalogs as they stay, and writes the files of the relation cache.
  await writeFile(second, 'select 1;\n\n');
  for (const file of [first, second]) {
    // In single-user mode a failed statement is only reported, so the output tells.
    const single = 'exec "$0" --single -O -j -D "$1" postgres <"$2" 2>&1';
    const args = ['-c', single, join(folder, 'postgres'), data, file];
    const said = await runProgram({ file: '/bin/sh', args, cwd: draft });
    if (/ (ERROR|FATAL|PANIC): /.test(said)) throw failed(said.slice(-500));
  }
}

const failed = (reason: string) => new Problem('shadow_failed', { reason });

// Settings that only newer versions know.
function settingsOf(version: string): string {
  const major = Number.parseInt(version, 10);
  const newer: Readonly<Record<string, number>> = {
    autovacuum_worker_slots: 18,
    io_method: 18,
    createrole_self_grant: 16,
  };
  return configuration
    .split('\n')
    .filter((line) => (newer[line.split(' ')[0] ?? ''] ?? 0) <= major)
    .join('\n');
}

async function runProgram(program: Program): Promise<string> {
  const variables = { LC_ALL: 'C', TZ: 'UTC' };
  const { text, errors, failure } = await readOutput({ ...program, variables, timeout: 60_000 });
  if (failure !== null) throw failed(`${program.file}: ${failure} ${errors || text}`.slice(0, 500));
  return text;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
