// The manifest of a backup: a file beside it that reveals changes of either.
import { createHash, randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing, whileReading, whileWriting } from '../problem/file.ts';
import type { Digest } from './digest.ts';
import { detectFormat, type FileSum, stripFormat } from './formats.ts';

/** The way in which a backup was verified. */
export interface Verification {
  /** ISO 8601. */
  readonly when: string;
  /**
   * `checksum`: as it was written; `read`: and unpacked to its end; `drill`: and restored, with the same
   * content.
   */
  readonly how: 'checksum' | 'read' | 'drill';
}

/** The roles, extensions and the like that a backup needs on the server that restores it. */
export interface BackupNeeds {
  readonly extensions: readonly string[];
  readonly roles: readonly string[];
  /** The roles that it needs without owners and privileges. */
  readonly unowned: readonly string[];
  /** The roles that own its objects; missing in those of earlier releases. */
  readonly owners?: readonly string[];
  /** The schemas of those who own nothing else; missing in those of earlier releases. */
  readonly schemas?: readonly { readonly schema: string; readonly owner: string }[];
  /** The ids of objects that only some roles may create; missing in those of earlier releases. */
  readonly privileged?: readonly string[];
  /** The tablespaces of its relations; missing in those of earlier releases. */
  readonly tablespaces?: readonly string[];
  /** The objects whose creation needs rights on the target; missing in those of earlier releases. */
  readonly created?: CreatedObjects;
  /** The functions that a server runs as it makes the schema; missing in those of earlier releases. */
  readonly planned?: readonly PlannedCall[];
}

/** The objects of a database that not every role can create, by name. */
export interface CreatedObjects {
  readonly schemas: readonly string[];
  readonly eventTriggers: readonly string[];
  readonly publications: readonly string[];
}

/** A call that the server computes for the role that makes or reads a table. */
export interface PlannedCall {
  /** The role of the function. */
  readonly owner: string;
  /** `index i of public.t calls hh.f(integer) of mallory`. */
  readonly text: string;
}

/** All that is known of a backup. */
export interface Manifest {
  /** The format of this file. */
  readonly format: 1;
  /** Name of the dump, which is in the same folder. */
  readonly file: string;
  /** The program that wrote it; its name shows the format. */
  readonly engine: 'pg_dump' | 'native';
  readonly environment: string;
  readonly database: string;
  readonly server: {
    readonly version: string;
    readonly major: number;
    readonly encoding: string;
    readonly collate: string;
    readonly ctype: string;
    /** The search path of the role's sessions. */
    readonly path: string;
  };
  readonly tools: { readonly pgmage: string; readonly pg_dump: string | null };
  /** The snapshot that the dump and the digests are of. */
  readonly snapshot: string;
  /** ISO 8601: the state of the database that it holds. */
  readonly started: string;
  readonly durationMs: number;
  readonly bytes: number;
  /** For a folder the checksum of a list of its files: a line `SHA-256  NAME` for each, sorted by name. */
  readonly sha256: string;
  /** The files of a folder. */
  readonly files?: readonly FileSum[];
  /** True if it was written without owners and privileges. */
  readonly unowned?: boolean;
  /** Missing in those of 0.1.0. */
  readonly needs?: BackupNeeds;
  readonly schema: {
    /** Counted up when fingerprints of the same schema come out different; missing in those of 0.1.0. */
    readonly reader?: 2;
    readonly fingerprint: string;
    /** That of the schema without owners and privileges, as it is restored with --no-owner. */
    readonly unowned: string;
    /** True if the schema `public` existed, which every new database has. */
    readonly public: boolean;
  };
  readonly contents: readonly Digest[];
  /** Bytes of each table on the server's disk. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Sequences go on while a dump is made: their states at its end, where these differ from `contents`. */
  readonly moved: readonly Digest[];
  /** The objects that are not in it, with the reason. */
  readonly left: readonly string[];
  readonly verified: readonly Verification[];
  /** The damage that a verification found; an equally thorough one that finds none removes it. */
  readonly damaged?: Verification & { readonly faults: readonly string[] };
}

/** A dump, as a file or a folder, with its manifest or with the manifest's faults. */
export interface Backup {
  readonly path: string;
  readonly name: string;
  /** 0 where the dump is missing. */
  readonly bytes: number;
  readonly manifest: Manifest | null;
  /** Why the manifest cannot be believed, in words. */
  readonly fault: string | null;
  /** True if a file `NAME.keep` is beside it. */
  readonly keep: boolean;
}

/** The path of a dump's manifest. */
export const manifestPath = (dump: string) => `${stripFormat(dump)}.json`;

const sealOf = (manifest: object) => createHash('sha256').update(JSON.stringify(manifest)).digest('hex');

/**
 * Writes a manifest so that there is all of it or none, also after a power failure.
 * @throws Problem `unwritable_file`
 */
export async function writeManifest(dump: string, manifest: Manifest): Promise<void> {
  const path = manifestPath(dump);
  // Another run can verify the same backup meanwhile.
  const draft = `${path}.${randomBytes(4).toString('hex')}.partial`;
  const text = `${JSON.stringify({ ...manifest, seal: sealOf(manifest) }, null, 2)}\n`;
  await whileWriting(path, async () => {
    try {
      const handle = await open(draft, 'w', 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, path);
    } catch (thrown) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw thrown;
    }
    await flushFolder(dirname(path));
  });
}

/**
 * Makes sure that the names in a folder outlive a power failure. Where folders cannot be opened, that is all
 * there is.
 */
export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** A dump with what its manifest says. @throws Problem `unreadable_file` */
export async function readBackup(path: string): Promise<Backup> {
  const name = path.replace(/^.*[\\/]/, '');
  const [dump, keep, text] = await Promise.all([
    sizeOf(path),
    stat(`${path}.keep`).then(Boolean, () => false),
    whileReading(manifestPath(path), () =>
      readFile(manifestPath(path), 'utf8').catch((thrown: unknown) => {
        if (isMissing(thrown)) return null;
        throw thrown;
      }),
    ),
  ]);
  const { manifest, fault } = believed(text, name);
  const lost = dump === null ? 'the dump itself is missing' : null;
  return { path, name, bytes: dump ?? 0, manifest, fault: fault ?? lost, keep };
}

// Null: there is no such thing.
async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isDirectory()) return found?.size ?? null;
  const files = await readdir(path).catch(() => []);
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(path, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * All dumps of a folder, the oldest first, also those of which only the manifest is left; none where there is
 * no such folder. @throws Problem `unreadable_file`
 */
export async function listBackups(folder: string): Promise<Backup[]> {
  const names = await whileReading(folder, () =>
    readdir(folder).catch((thrown: unknown) => {
      if (isMissing(thrown)) return [];
      throw thrown;
    }),
  );
  const dumps = names.filter((name) => detectFormat(name) !== null);
  const stems = new Set(dumps.map(stripFormat));
  const lone = names.filter((name) => name.endsWith('.json') && !stems.has(name.slice(0, -'.json'.length)));
  const lost = await Promise.all(lone.map((name) => readLostDump(folder, name)));
  const found = [
    ...(await Promise.all(dumps.map((name) => readBackup(join(folder, name))))),
    ...lost.filter((one) => one !== null),
  ];
  const time = ({ name, manifest }: Backup) =>
    manifest?.started ?? /\d{4}-\d\d-\d\dT[\d-]+Z/.exec(name)?.[0] ?? '';
  return found.sort((a, b) => (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : a.name < b.name ? -1 : 1));
}

// Null: the file is not a manifest, or not that of a dump of its name.
async function readLostDump(folder: string, name: string): Promise<Backup | null> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '{}');
  const file = /"file": *"([^"\\/]+)"/.exec(text)?.[1] ?? '';
  if (detectFormat(file) === null || manifestPath(file) !== name) return null;
  return readBackup(join(folder, file));
}

function believed(text: string | null, name: string): Pick<Backup, 'manifest' | 'fault'> {
  const none = (fault: string) => ({ manifest: null, fault });
  if (text === null)
    return none(
      `it has no manifest, so the dump may be incomplete. Copy ${manifestPath(name)} beside it, or load it` +
        ' with db:restore --without-manifest',
    );
  let read: Manifest & { readonly seal?: string };
  try {
    read = JSON.parse(text);
  } catch {
    return none('its manifest is not valid JSON');
  }
  const { seal, ...manifest } = read;
  if (seal !== sealOf(manifest) || manifest.format !== 1) return none('its manifest was edited or damaged');
  return manifest.file === name
    ? { manifest, fault: null }
    : none(`its manifest is that of ${manifest.file}`);
}
