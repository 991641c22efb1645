// The files of dumps that were uploaded: a folder of their own beside the backups, and what is known of each.
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumDump } from '../flow/dump.ts';
import { Problem } from '../problem/problem.ts';
import type { UploadFormat } from './upload-format.ts';

/** A dump that was uploaded. It has no manifest: nothing is known of its content. */
export interface UploadedDump {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly note: UploadNote;
}

/** The file beside an uploaded dump. */
export interface UploadNote {
  readonly format: UploadFormat;
  readonly bytes: number;
  readonly sha256: string;
  /** ISO 8601. */
  readonly at: string;
  /** The name of the key. */
  readonly by: string;
}

/** The folder of uploads in a folder of backups. `db:backups` does not list it. */
export const uploadsIn = (folder: string) => join(folder, 'uploads');

/** The file with what is known of an upload. */
export const notePath = (dump: string) => `${dump}.upload.json`;

// The service makes the names: the time, and letters of the name that the client gave.
const pattern =
  /^uploaded_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ_[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.(sql|sql\.gz|sql\.zst|dump|tar)$/;

/** True for the name of an uploaded dump. */
export const isUpload = (name: string) => pattern.test(name);

/** True for the name of an upload that is not complete. */
export const isPartialUpload = (name: string) =>
  name.endsWith('.partial') && isUpload(name.slice(0, -'.partial'.length));

/** Makes the name of an upload. @param label letters, digits, - and _ */
export function uploadName(now: Date, label: string, ending: string): string {
  const time = now.toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
  return `uploaded_${time}_${label}.${ending}`;
}

/** All uploads of a folder of backups, the oldest first. One without its note is not complete. */
export async function listUploads(folder: string): Promise<UploadedDump[]> {
  const own = uploadsIn(folder);
  const names = (await readdir(own).catch(() => [])).filter(isUpload).sort();
  const found = await Promise.all(names.map((name) => readUpload(join(own, name), name)));
  return found.filter((one) => one !== null);
}

/** One upload; null: there is none. */
export function findUpload(folder: string, name: string): Promise<UploadedDump | null> {
  return isUpload(name) ? readUpload(join(uploadsIn(folder), name), name) : Promise.resolve(null);
}

async function readUpload(path: string, name: string): Promise<UploadedDump | null> {
  try {
    const [{ size: bytes }, text] = await Promise.all([stat(path), readFile(notePath(path), 'utf8')]);
    return { name, path, bytes, note: JSON.parse(text) as UploadNote };
  } catch {
    return null;
  }
}

/** Compares an upload with its checksum. @throws Problem `backup_damaged`, `missing_file` */
export async function verifyUpload(folder: string, name: string): Promise<UploadedDump> {
  const found = await findUpload(folder, name);
  if (found === null) throw new Problem('missing_file', { file: name });
  const { sha256 } = await checksumDump(found.path, name);
  if (sha256 === found.note.sha256) return found;
  const faults = ['its checksum differs, so its content was changed'];
  throw new Problem('backup_damaged', { file: name, faults });
}

/** Deletes an upload. */
export async function removeUpload({ path }: UploadedDump): Promise<void> {
  await rm(path, { force: true });
  await rm(notePath(path), { force: true });
}
