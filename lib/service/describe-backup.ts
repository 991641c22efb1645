// Backups and uploaded dumps as the API shows them.

import { basename } from 'node:path';
import { reportBackup } from '../backup/report.ts';
import type { Backup } from '../flow/manifest.ts';
import { applyRetention, type Retention } from '../flow/retention.ts';
import { formatCount } from '../problem/amount.ts';
import type { Project } from '../project/project.ts';
import type { BackupInfo } from './schemas.ts';
import type { UploadedDump } from './upload-files.ts';

/** A backup with the reasons that keep it. */
export function describeBackup(project: Project, backup: Backup, why: readonly string[]): BackupInfo {
  const report = reportBackup(project, backup);
  const { file, left, faults } = report;
  return {
    ...report,
    file: basename(file),
    left: [...left],
    faults: [...faults],
    why: [...why],
    uploaded: null,
  };
}

/** The reasons that keep each backup, by what the manifests say: no file is read for it. */
export function explainRetention(
  project: Project,
  all: readonly Backup[],
  retention: Retention,
): ReadonlyMap<string, readonly string[]> {
  const candidates = all.map((one) => ({
    name: one.name,
    of: `${one.manifest?.database} of ${one.manifest?.environment}`,
    time: one.manifest?.started ?? '',
    good: reportBackup(project, one).faults.length === 0,
    keep: one.keep,
  }));
  return applyRetention(candidates, retention);
}

const unknown = { environment: null, database: null, server: null, durationMs: null, tables: null };

/** An uploaded dump. Without a manifest, its content is not known. Pruning never deletes it. */
export function describeUpload({ name, bytes, note }: UploadedDump): BackupInfo {
  const { format, sha256, at, by } = note;
  return {
    ...unknown,
    file: name,
    format,
    started: at,
    bytes,
    rows: null,
    verified: null,
    left: [],
    keep: false,
    faults: bytes === note.bytes ? [] : [`it has ${formatCount(bytes, 'byte')} instead of ${note.bytes}`],
    why: ['upload'],
    uploaded: { at, by, sha256 },
  };
}
