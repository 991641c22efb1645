// Says what backups there are, and whether they are good.
import { resolve } from 'node:path';
import { folderOf } from '../backup/folder.ts';
import { type Client, findClients } from '../flow/client.ts';
import { checksumOf, readArchive, readScriptWhole } from '../flow/dump.ts';
import { type FileSum, type Format, formatOf } from '../flow/formats.ts';
import {
  type Backup,
  backupsIn,
  type Manifest,
  readBackup,
  type Verification,
  writeManifest,
} from '../flow/manifest.ts';
import { readNativeWhole } from '../flow/native.ts';
import { Problem } from '../problem/problem.ts';
import type { Context } from '../project/context.ts';
import { retrying } from '../project/retry.ts';
import { shownPath } from '../project/sql-files.ts';

/** A backup as reports tell of it. */
export interface BackupReport {
  /** Its dump, relative to the project. */
  readonly file: string;
  readonly format: Format;
  /** Null where nothing is known of it. */
  readonly environment: string | null;
  readonly database: string | null;
  /** The server's version. */
  readonly server: string | null;
  /** The time whose state it holds, ISO 8601. */
  readonly started: string | null;
  readonly durationMs: number | null;
  readonly bytes: number;
  readonly tables: number | null;
  readonly rows: number | null;
  /** The best and last time that it was found to be good. */
  readonly verified: Verification | null;
  /** What of the database is not in it, with the reason. */
  readonly left: readonly string[];
  /** Whether db:backups prune never deletes it. */
  readonly keep: boolean;
  /** What is wrong with it; empty: nothing that is known. */
  readonly faults: readonly string[];
}

/** Where to look. */
export interface BackupsInput {
  /** The folder; default: `backups` in the project. */
  readonly dir?: string;
  /** Only those of this environment. */
  readonly env?: string;
}

/** How much is tried. */
export interface VerifyInput extends BackupsInput {
  /** Restore each, in a database of its own that is dropped again. */
  readonly drill?: boolean;
  /** The environment or URL on whose server; default: that of which it is a backup. */
  readonly on?: string;
  /** Leave owners and privileges out of it, for servers without the roles. */
  readonly noOwner?: boolean;
}

/** All backups of a folder. */
export interface BackupsReport {
  readonly folder: string;
  readonly backups: readonly BackupReport[];
}

/** Lists the backups of a folder, the oldest first, without reading more than their manifests. @throws Problem `unreadable_file` */
export async function backups(context: Context, input: BackupsInput): Promise<BackupsReport> {
  const folder = folderOf(context, input.dir);
  return {
    folder: folder.shown,
    backups: (await foundBackups(context, input)).map((one) => backupReport(context, one)),
  };
}

/**
 * Reads backups from their first to their last byte, and notes in the manifests of the good ones that it was done.
 * @param file one of them; default: all
 * @throws Problem `missing_file`, `unreadable_file`, `unwritable_file`; of a server on which they are restored
 */
export async function verifyBackups(
  context: Context,
  input: VerifyInput,
  file?: string,
): Promise<BackupsReport> {
  const clients = await findClients();
  const list = file === undefined ? await foundBackups(context, input) : [await named(context, input, file)];
  const reports: BackupReport[] = [];
  for (const one of list) {
    context.progress(`Reading ${one.name}`);
    try {
      const read = await verified(one, clients, context.now());
      reports.push(backupReport(context, input.drill ? await drilled(context, read, input) : read));
    } catch (thrown) {
      if (!(thrown instanceof Problem && thrown.code === 'backup_damaged')) throw thrown;
      reports.push(backupReport(context, one, (thrown.data as { faults: string[] }).faults));
    }
  }
  return { folder: folderOf(context, input.dir).shown, backups: reports };
}

/** The backups of a folder, the oldest first. @throws Problem `unreadable_file` */
export async function foundBackups(context: Context, { dir, env }: BackupsInput): Promise<Backup[]> {
  const all = await backupsIn(folderOf(context, dir).path);
  // One of which nothing is known may be of any environment.
  return all.filter(({ manifest }) => env === undefined || manifest === null || manifest.environment === env);
}

/** The backup of a name in the folder of backups, or of a path. @throws Problem `missing_file` */
export async function named(context: Context, { dir }: BackupsInput, file: string): Promise<Backup> {
  const path = /[\\/]/.test(file) ? resolve(context.root, file) : resolve(folderOf(context, dir).path, file);
  const one = await readBackup(path);
  if (one.bytes === 0 && one.manifest === null && one.fault?.includes('no manifest'))
    await checksumOf(path, shownPath(context.root, path));
  return one;
}

/**
 * Reads a backup whole and compares it with its manifest. What was found is noted there.
 * @param clients with one of them that is new enough the dump is unpacked, too
 * @throws Problem `backup_damaged`
 */
export async function verified(
  backup: Backup,
  clients: readonly Client[],
  now: Date,
  signal?: AbortSignal,
): Promise<Backup> {
  const manifest = await intact(backup, signal);
  const read = await readThrough(backup, manifest, clients, signal);
  return noted(backup, manifest, { when: now.toISOString(), how: read ? 'read' : 'checksum' });
}

// Whether it could be unpacked to its end.
async function readThrough(
  { name, path }: Backup,
  { tools }: Manifest,
  clients: readonly Client[],
  signal?: AbortSignal,
): Promise<boolean> {
  const format = formatOf(name);
  if (format === 'native') await readNativeWhole(path, signal);
  else if (format === 'plain') await readScriptWhole(path, signal);
  else {
    const client = clients.find(({ major }) => major >= Number.parseInt(tools.pg_dump ?? '', 10));
    if (client === undefined) return false;
    await readArchive(client, path, signal).catch((thrown: unknown) => {
      throw new Problem('backup_damaged', { file: name, faults: [(thrown as Error).message] });
    });
  }
  return true;
}

/** Tries a backup by restoring it, again after what may pass, and notes that it was done. @throws Problem as `drill` does, `unwritable_file` */
export async function drilled(context: Context, backup: Backup, input: VerifyInput): Promise<Backup> {
  const { drill } = await import('../backup/drill.ts');
  const manifest = backup.manifest as Manifest;
  await retrying(context, (_, reached) => drill(context, backup, manifest, input, reached));
  return noted(backup, manifest, { when: context.now().toISOString(), how: 'drill' });
}

/** Compares a dump with its manifest. @throws Problem `backup_damaged` that names the damage */
export async function intact(backup: Backup, signal?: AbortSignal): Promise<Manifest> {
  const { manifest, name, path } = backup;
  const refuse = (fault: string) => new Problem('backup_damaged', { file: name, faults: [fault] });
  if (manifest === null || backup.fault !== null) throw refuse(backup.fault ?? 'it has no manifest');
  const { bytes, sha256, files } = await checksumOf(path, name, signal);
  const faults =
    manifest.files === undefined
      ? faultsOf(manifest, { bytes, sha256 })
      : faultsIn(manifest.files, files ?? []);
  if (faults.length > 0) throw new Problem('backup_damaged', { file: name, faults });
  if (sha256 !== manifest.sha256) throw refuse('its content is not what was written: the checksum differs');
  return manifest;
}

type Sum = Pick<Manifest, 'bytes' | 'sha256'>;

function faultsOf(wanted: Sum, { bytes, sha256 }: Sum): string[] {
  const lost = wanted.bytes - bytes;
  if (bytes === 0 && lost > 0) return [`it is empty: all of its ${wanted.bytes} bytes are missing`];
  if (lost > 0) return [`it is cut off: ${lost} of ${wanted.bytes} bytes are missing`];
  if (lost < 0) return [`it has ${-lost} bytes more than were written`];
  return sha256 === wanted.sha256 ? [] : ['its content is not what was written: the checksum differs'];
}

function faultsIn(wanted: readonly FileSum[], found: readonly FileSum[]): string[] {
  const there = new Map(found.map((one) => [one.name, one]));
  const known = new Set(wanted.map(({ name }) => name));
  return [
    ...wanted.flatMap((one) => {
      const other = there.get(one.name);
      return other === undefined
        ? [`${one.name} is missing`]
        : faultsOf(one, other).map((fault) => `${one.name}: ${fault}`);
    }),
    ...found.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} does not belong to it`),
  ];
}

/** Notes that a backup was found to be good; of the same way, the last time counts. @throws Problem `unwritable_file` */
export async function noted(backup: Backup, manifest: Manifest, found: Verification): Promise<Backup> {
  const others = manifest.verified.filter(({ how }) => how !== found.how);
  const next = { ...manifest, verified: [...others, found] };
  await writeManifest(backup.path, next);
  return { ...backup, manifest: next };
}

const ways: readonly Verification['how'][] = ['drill', 'read', 'checksum'];

/** What reports say of a backup. */
export function backupReport(
  context: Context,
  { path, bytes, manifest, fault, keep }: Backup,
  faults: readonly string[] = [],
): BackupReport {
  const tables = manifest?.contents.filter(({ kind }) => kind === 'table') ?? [];
  const best = ways.flatMap((way) => manifest?.verified.filter(({ how }) => how === way) ?? []);
  const shorter = manifest !== null && manifest.bytes !== bytes && faults.length === 0 && fault === null;
  return {
    file: shownPath(context.root, path),
    format: formatOf(path) as Format,
    environment: manifest?.environment ?? null,
    database: manifest?.database ?? null,
    server: manifest?.server.version ?? null,
    started: manifest?.started ?? null,
    durationMs: manifest?.durationMs ?? null,
    bytes,
    tables: manifest && tables.length,
    rows: manifest && tables.reduce((sum, { rows }) => sum + rows, 0),
    verified: best[0] ?? null,
    left: manifest?.left ?? [],
    keep,
    faults: [
      ...(fault === null || faults.includes(fault) ? [] : [fault]),
      ...(shorter ? [`it has ${bytes} bytes instead of ${manifest.bytes}`] : []),
      ...faults,
    ],
  };
}
