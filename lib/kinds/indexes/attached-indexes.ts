// Indexes that the server creates, or finds and attaches, when it attaches a new partition (source:
// AttachPartitionEnsureIndexes in tablecmds.c): they need no statement.
import { isEqual } from '../../model/diff.ts';
import { type Fact, ownName, type Payload } from '../../model/fact.ts';
import type { AnyKind, Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { findNewAttachment, getPartitionParent } from '../tables/new-partitions.ts';

const suffixes: Readonly<Record<string, string>> = { index: 'idx', unique: 'key', 'primary key': 'pkey' };
const item = /^(?:"((?:[^"]|"")+)"|([a-z_][a-z0-9_$]*))(?: [^()]*)?$/;
const columns =
  /^(?:btree |PRIMARY KEY |UNIQUE (?:NULLS NOT DISTINCT )?)\(([^()]*)\)(?: INCLUDE \(([^()]*)\))?(?: NULLS NOT DISTINCT)?$/;

/** The id of the attachment that attaches an index, too; null: a statement has to. */
export function findAttachment(index: Fact, scope: Scope): string | null {
  const attachment = findNewAttachment(`${index.parent}`, scope);
  const upper = attachment && upperOf(index, scope);
  if (attachment === undefined || upper === undefined || upper.parent !== getPartitionParent(attachment))
    return null;
  const isSettled =
    !scope.makes(upper.id) && isEqual(scope.before.facts.get(upper.id)?.payload, upper.payload);
  const isAlone = [index, upper].every((fact) => likesOf(fact, scope) === 1);
  return isSettled && isAlone && index.payload.valid !== false ? attachment.id : null;
}

/** The id of the attachment that makes an index as it is wanted; null: a statement has to. */
export function findCreatingAttachment(index: Fact, scope: Scope): string | null {
  if (!scope.makes(`${index.parent}`)) return null;
  const attachment = findAttachment(index, scope);
  const upper = attachment === null ? undefined : upperOf(index, scope);
  if (upper === undefined || upper.kind !== index.kind || !isEqual(bare(index), bare(upper))) return null;
  return index.path[2] === usualName(index) && isFree(index, scope) ? attachment : null;
}

function upperOf({ path }: Fact, { after }: Scope): Fact | undefined {
  const name = qualify([path[0] ?? '', ownName(path)]);
  const attachment = after.facts.get(`index attachment:${name}`);
  const upper = attachment && qualify(attachment.payload.upper as string[]);
  return [...(after.needs.get(`${attachment?.id}`)?.keys() ?? [])]
    .flatMap((id) => after.facts.get(id) ?? [])
    .find((fact) => fact.path.length === 3 && qualify([fact.path[0] ?? '', ownName(fact.path)]) === upper);
}

function likesOf(fact: Fact, { after: { facts }, kinds }: Scope): number {
  const likeness = (other: Fact) => (kinds.get(other.kind) as AnyKind).order?.mistakable?.(other);
  const mine = likeness(fact);
  return [...facts.values()].filter((other) => other.parent === fact.parent && likeness(other) === mine)
    .length;
}

// A tablespace and statistics targets are not taken over.
function bare({ payload }: Fact): Payload | null {
  const { partitioned: _, duplicate: __, databaseTablespace: ___, ...rest } = payload;
  const isPlain = rest.tablespace === null && !JSON.stringify(rest.statistics ?? []).match(/\d/);
  return isPlain ? rest : null;
}

// Source: ChooseIndexName in indexcmds.c. An expression's part of it is not known here.
function usualName({ kind, path, payload }: Fact): string | undefined {
  const [, keys, included] = columns.exec(String(payload.columns ?? payload.definition)) ?? [];
  const suffix = suffixes[kind];
  if (keys === undefined || suffix === undefined) return undefined;
  const names = [keys, included].flatMap((list) => list?.split(', ') ?? []).map((text) => item.exec(text));
  if (names.includes(null)) return undefined;
  const own =
    kind === 'primary key' ? [] : names.map((found) => found?.[1]?.replace(/""/g, '"') ?? found?.[2]);
  const name = [path[1], ...own, suffix].join('_');
  return Buffer.byteLength(name) <= 63 ? name : undefined;
}

function isFree({ path }: Fact, { before: { facts } }: Scope): boolean {
  const [schema] = path;
  const name = ownName(path);
  const own = `.${quote(name)}`;
  return ![...facts.values()].some(
    (other) => other.path[0] === schema && (ownName(other.path) === name || other.id.endsWith(own)),
  );
}
