// Verifies a backup: by its checksum, by reading it whole, by a restore.

import type { Client } from '../flow/child.ts';
import { checksumDump, readArchive } from '../flow/dump.ts';
import { detectFormat, type FileSum } from '../flow/formats.ts';
import { type Backup, type Manifest, type Verification, writeManifest } from '../flow/manifest.ts';
import { readNativeWhole } from '../flow/native.ts';
import { readScriptWhole } from '../flow/script-file.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import { withRetries } from '../project/retry.ts';
import type { Workspace } from '../project/workspace.ts';

import type { DrillOptions } from './drill.ts';
/**
 * Reads a backup completely and compares it with its manifest, where it notes the result.
 * @param clients one of them that is new enough also unpacks the dump
 * @throws Problem `backup_damaged`
 */
export async function verifyBackup(
  backup: Backup,
  clients: readonly Client[],
  now: Date,
  signal?: AbortSignal,
): Promise<Backup> {
  const manifest = await verifyChecksum(backup, signal);
  const read = await readThrough(backup, manifest, clients, signal);
  return recordVerification(backup, manifest, { when: now.toISOString(), how: read ? 'read' : 'checksum' });
}

// True if it could be unpacked to its end.
async function readThrough(
  { name, path }: Backup,
  { tools }: Manifest,
  clients: readonly Client[],
  signal?: AbortSignal,
): Promise<boolean> {
  const format = detectFormat(name);
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

/**
 * Tries a backup by restoring it, again after what may pass, and notes that it was done. @throws Problem as
 * `drill` does, `unwritable_file`
 */
export async function drillBackup(
  workspace: Workspace,
  backup: Backup,
  input: DrillOptions,
): Promise<Backup> {
  const { drill } = await import('./drill.ts');
  const manifest = backup.manifest as Manifest;
  await withRetries(workspace.world, (_, reached) =>
    drill(workspace, { ...backup, manifest }, input, reached),
  );
  return recordVerification(backup, manifest, { when: workspace.world.now().toISOString(), how: 'drill' });
}

/** Compares a dump with its manifest. @throws Problem `backup_damaged` that names the damage */
export async function verifyChecksum(backup: Backup, signal?: AbortSignal): Promise<Manifest> {
  const { manifest, name, path } = backup;
  const refuse = (fault: string) => new Problem('backup_damaged', { file: name, faults: [fault] });
  if (manifest === null || backup.fault !== null) throw refuse(backup.fault ?? 'it has no manifest');
  const { bytes, sha256, files } = await checksumDump(path, name, signal);
  const faults =
    manifest.files === undefined
      ? faultsOf(manifest, { bytes, sha256 })
      : faultsIn(manifest.files, files ?? []);
  if (faults.length > 0) throw new Problem('backup_damaged', { file: name, faults });
  if (sha256 !== manifest.sha256) throw refuse('its checksum differs, so its content was changed');
  return manifest;
}

type Sum = Pick<Manifest, 'bytes' | 'sha256'>;

function faultsOf(wanted: Sum, { bytes, sha256 }: Sum): string[] {
  const lost = wanted.bytes - bytes;
  if (bytes === 0 && lost > 0)
    return [`it is empty: all of its ${formatCount(wanted.bytes, 'byte is', 'bytes are')} missing`];
  if (lost > 0)
    return [`it is truncated: ${formatCount(lost, 'byte is', 'bytes are')} missing of ${wanted.bytes}`];
  if (lost < 0) return [`it has ${formatCount(-lost, 'byte')} too many`];
  return sha256 === wanted.sha256 ? [] : ['its checksum differs, so its content was changed'];
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
    ...found.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} is not part of the backup`),
  ];
}

// The more thorough ones later.
const ways: readonly Verification['how'][] = ['checksum', 'read', 'drill'];

/**
 * Notes that a backup was found to be good; of the same way, the last time counts. @throws Problem
 * `unwritable_file`
 */
export async function recordVerification(
  backup: Backup,
  manifest: Manifest,
  found: Verification,
): Promise<Backup> {
  const others = manifest.verified.filter(({ how }) => how !== found.how);
  const { damaged, ...rest } = manifest;
  const remains = damaged && ways.indexOf(found.how) < ways.indexOf(damaged.how) ? { damaged } : {};
  const next = { ...rest, verified: [...others, found], ...remains };
  await writeManifest(backup.path, next);
  return { ...backup, manifest: next };
}

/** Notes in the manifest of a backup that it was found to be damaged, so that it is not listed as good. */
export async function recordDamage(
  { path, manifest, fault }: Backup,
  damaged: NonNullable<Manifest['damaged']>,
): Promise<void> {
  // Every list shows a fault of the manifest itself. A copy that cannot be written to is reported anyway.
  if (manifest !== null && fault === null)
    await writeManifest(path, { ...manifest, damaged }).catch(() => undefined);
}
