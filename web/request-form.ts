// The choices of the page for a new job: from its address to the body of the request.
import type { ServiceJob as Job, JobKind } from '../lib/service/schemas.ts';

/** The kinds that the page can start. */
export const newKinds = ['export', 'import', 'clone', 'data'] as const satisfies readonly JobKind[];

/** One of them. */
export type NewKind = (typeof newKinds)[number];

/** A request that is complete: its body, and where it is sent. */
export interface NewRequest {
  readonly kind: NewKind;
  readonly body: Job['parameters'];
  /** The job that it repeats without a change; null: none. */
  readonly retryOf: string | null;
}

const texts: Readonly<Record<NewKind, readonly string[]>> = {
  export: ['database', 'format'],
  import: ['file', 'to'],
  clone: ['from', 'to'],
  data: ['from', 'to'],
};
const flags: Readonly<Record<NewKind, readonly string[]>> = {
  export: ['keep'],
  import: ['noOwner', 'withoutManifest', 'append'],
  clone: ['dataOnly', 'swap', 'noOwner'],
  data: ['keepDeleted', 'complete'],
};
const needed: Readonly<Record<NewKind, readonly string[]>> = {
  export: ['database'],
  import: ['file', 'to'],
  clone: ['from', 'to'],
  data: ['from', 'to'],
};

/** The address of the page with the choices of a job, to run it again. */
export function addressOf({ kind, parameters, id }: Pick<Job, 'kind' | 'parameters' | 'id'>): string {
  const query = new URLSearchParams({ kind, retryOf: id });
  for (const [name, value] of Object.entries(parameters)) {
    if (name === 'tables' && Array.isArray(value)) query.set(name, value.join(', '));
    else if (name === 'backupFirst') query.set(name, value === false ? 'no' : '');
    else if (typeof value === 'string') query.set(name, value);
    else if (value === true) query.set(name, 'yes');
  }
  for (const name of ['planId', 'confirm', 'force']) query.delete(name);
  return `/new?${query}`;
}

/** The kind that the address names; `export` where it names none. */
export function kindIn(query: URLSearchParams): NewKind {
  return newKinds.find((kind) => kind === query.get('kind')) ?? 'export';
}

/** The request that the address stands for; null: something is missing. */
export function requestIn(query: URLSearchParams): NewRequest | null {
  const kind = kindIn(query);
  if (needed[kind].some((name) => !query.get(name))) return null;
  if (query.get('from') !== null && kind !== 'export' && query.get('from') === query.get('to')) return null;
  const body: Record<string, unknown> = {};
  for (const name of texts[kind]) if (query.get(name)) body[name] = query.get(name);
  for (const name of flags[kind]) if (query.get(name) === 'yes') body[name] = true;
  // A backup of pgmage is never appended.
  if (!body.withoutManifest) delete body.append;
  const tables = (query.get('tables') ?? '').split(/[\s,]+/).filter(Boolean);
  if (tables.length > 0 && (kind === 'clone' || kind === 'data')) body.tables = tables;
  if (query.get('backupFirst') === 'no' && kind !== 'export') body.backupFirst = false;
  return { kind, body, retryOf: query.get('retryOf') };
}
