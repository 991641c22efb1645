// Backups in reports.

import { detectFormat, type Format } from '../flow/formats.ts';
import type { Backup, Verification } from '../flow/manifest.ts';
import { isTable } from '../kinds/named-objects.ts';
import { formatCount } from '../problem/amount.ts';
import type { Project } from '../project/project.ts';
import type { Retry } from '../project/retry.ts';
import { shownPath } from '../project/sql-files.ts';
/** One backup in a report. */
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
  /** Objects of the database that are not in it, with the reason. */
  readonly left: readonly string[];
  /** True if db:backups prune never deletes it. */
  readonly keep: boolean;
  /** Its faults; empty: none is known. */
  readonly faults: readonly string[];
}

/** The new backup. */
export interface MadeBackup extends BackupReport {
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

const ways: readonly Verification['how'][] = ['drill', 'read', 'checksum'];

/** Makes the report of a backup. */
export function reportBackup(
  project: Project,
  { path, bytes, manifest, fault, keep }: Backup,
  faults: readonly string[] = [],
): BackupReport {
  const tables = manifest?.contents.filter(isTable) ?? [];
  const best = ways.flatMap((way) => manifest?.verified.filter(({ how }) => how === way) ?? []);
  const known = faults.length > 0 ? [] : (manifest?.damaged?.faults ?? []);
  const shorter =
    manifest !== null && manifest.bytes !== bytes && faults.length + known.length === 0 && fault === null;
  return {
    file: shownPath(project.root, path),
    format: detectFormat(path) as Format,
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
      ...known,
      ...(shorter ? [`it has ${formatCount(bytes, 'byte')} instead of ${manifest.bytes}`] : []),
      ...faults,
    ],
  };
}
