// The words for jobs: kinds, states, titles, results, and the command that does the same.
import { formatBytes, formatCount } from '../lib/problem/amount.ts';
import type { ServiceJob as Job, JobKind, JobState, KeyScope as Scope } from '../lib/service/schemas.ts';
import type { IconName, Tone } from './drawings.ts';

/** The name of each kind. */
export const kindWords: Readonly<Record<JobKind, string>> = {
  export: 'Export',
  import: 'Import',
  clone: 'Clone',
  data: 'Data sync',
  verify: 'Verify backup',
  drift: 'Drift check',
  prune: 'Prune backups',
};

/** The right that a job of each kind needs. */
export const kindScopes: Readonly<Record<JobKind, Scope>> = {
  export: 'run',
  import: 'write',
  clone: 'write',
  data: 'write',
  verify: 'run',
  drift: 'run',
  prune: 'admin',
};

/** The word and look of each state. */
export const stateWords: Readonly<Record<JobState, { text: string; tone: Tone; icon: IconName }>> = {
  waiting: { text: 'Waiting', tone: 'quiet', icon: 'waiting' },
  running: { text: 'Running', tone: 'busy', icon: 'running' },
  cancelling: { text: 'Cancelling', tone: 'warn', icon: 'stopped' },
  done: { text: 'Done', tone: 'good', icon: 'good' },
  failed: { text: 'Failed', tone: 'bad', icon: 'bad' },
  cancelled: { text: 'Cancelled', tone: 'quiet', icon: 'stopped' },
  lost: { text: 'Lost', tone: 'warn', icon: 'warn' },
};

/** True while a job can still change. */
export function isOpen({ state }: Pick<Job, 'state'>): boolean {
  return state !== 'done' && state !== 'failed' && state !== 'cancelled';
}

/** The title of a job: `Clone of prod into staging`. */
export function titleOf({ kind, from, to, parameters }: Job): string {
  const file = typeof parameters.file === 'string' ? parameters.file : '';
  switch (kind) {
    case 'export':
      return `Export of ${from}`;
    case 'import':
      return `Import of ${file} into ${to}`;
    case 'clone':
      return `Clone of ${from} into ${to}`;
    case 'data':
      return `Data sync from ${from} to ${to}`;
    case 'verify':
      return `${parameters.drill === true ? 'Drill' : 'Verification'} of ${file}`;
    case 'drift':
      return `Drift check of ${from}`;
    default:
      return 'Prune old backups';
  }
}

/** The command that does what a job does. */
export function commandOf({ kind, parameters }: Pick<Job, 'kind' | 'parameters'>): string {
  const { database, file, to, from, format, backupFirst } = parameters;
  const option = (name: string, value: unknown) =>
    value === undefined || value === false
      ? []
      : value === true
        ? [`--${name}`]
        : [value].flat().flatMap((one) => [`--${name}`, quoted(String(one))]);
  const options = (...names: readonly string[]) =>
    names.flatMap((name) => option(flagOf(name), parameters[name]));
  const line = (...words: readonly (string | readonly string[])[]) =>
    ['npx pgmage', ...words.flat()].join(' ');
  const first = backupFirst === false ? '' : `${line('db:backup', option('env', to))} && `;
  const noBackup = backupFirst === false ? '--no-backup-first' : [];
  switch (kind) {
    case 'export':
      return line('db:backup', option('env', database), formatOption(format), options('keep'));
    case 'import':
      // A script is loaded with a backup first, unless the option says otherwise.
      return parameters.withoutManifest === true
        ? line('db:restore', quoted(pathOf(String(file))), options(...scriptOptions), noBackup)
        : first + line('db:restore', quoted(String(file)), options('to', 'confirm', 'noOwner'));
    case 'clone':
      return (
        first + line('db:clone', options('from', 'to', 'tables', 'dataOnly', 'swap', 'noOwner', 'confirm'))
      );
    case 'data':
      return (
        first + line('data:sync', option('from', from), options('to', 'tables', 'exclude', ...syncFlags))
      );
    case 'verify':
      return line('db:backups verify', quoted(String(file)), options('drill', 'on'));
    case 'drift':
      return line('db:status', option('env', database));
    default:
      return line('db:backups prune', options('keepDaily', 'keepWeekly', 'keepMonthly'), '--yes');
  }
}

const syncFlags = ['keepDeleted', 'complete'] as const;
const scriptOptions = ['to', 'confirm', 'noOwner', 'withoutManifest', 'append'] as const;

// Uploads have a folder of their own in that of the backups.
const pathOf = (file: string) => (file.startsWith('uploaded_') ? `backups/uploads/${file}` : file);

/** The letters of a file's name that become a part of an upload's name. */
export function labelOf(file: string): string {
  const stem = file.replace(/(\.(sql|dump|backup|tar|gz|zst))+$/i, '');
  return (
    stem
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^[_-]+/, '')
      .slice(0, 60) || 'dump'
  );
}

const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function formatOption(format: unknown): string[] {
  if (typeof format !== 'string') return [];
  return format === 'native' ? ['--engine native'] : [`--format ${format}`];
}

// The shell leaves a word of these characters as it is.
const quoted = (word: string) => (/^[\w./:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The result of a job in a few words; '' where there is nothing to say. */
export function resultOf({ kind, result, state }: Job): string {
  if (state !== 'done') return '';
  const of = asRecord(result);
  switch (kind) {
    case 'export':
    case 'verify':
      return joined(amount(of.rows, 'row'), size(of.bytes));
    case 'import':
      return joined(amount(asRecord(of.proof ?? of.loaded).rows, 'row'));
    case 'clone': {
      const tables = asRecord(of.done).tables;
      const rows = Array.isArray(tables) ? tables.map((one) => Number(asRecord(one).rows)) : [];
      return joined(
        amount(
          rows.reduce((sum, one) => sum + one, 0),
          'row',
        ),
        size(asRecord(of.done).bytes),
      );
    }
    case 'data': {
      const run = asRecord(of.run);
      return joined(...(['inserted', 'updated', 'deleted'] as const).map((what) => counted(run[what], what)));
    }
    case 'drift':
      return of.inSync === true
        ? 'In sync'
        : amount(Array.isArray(of.changes) && of.changes.length, 'change');
    default:
      return amount(Array.isArray(of.removed) && of.removed.length, 'backup') && `${deleted(of)} deleted`;
  }
}

const deleted = (of: Record<string, unknown>) =>
  amount(Array.isArray(of.removed) && of.removed.length, 'backup');
const joined = (...texts: readonly string[]) => texts.filter(Boolean).join(', ');
const counted = (value: unknown, what: string) =>
  typeof value === 'number' ? `${formatNumber(value)} ${what}` : '';
const size = (value: unknown) => (typeof value === 'number' ? formatBytes(value) : '');
const amount = (value: unknown, noun: string) =>
  typeof value === 'number' ? formatCount(formatNumber(value), noun) : '';

/** A member of JSON as a record; empty where it is none. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A number with a separator of thousands: `1,234,567`. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US');
}

/** A duration: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 3 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * The note on a download that ends before the difference does; empty: it is whole.
 * @param lines the number of lines in it
 * @param omitted the number of the others
 */
export function noteDownload(lines: number, omitted: number): string {
  if (omitted === 0) return '';
  const all = formatNumber(lines + omitted);
  return `The download has the first ${formatNumber(lines)} of ${all} lines. db:diff prints all:`;
}
