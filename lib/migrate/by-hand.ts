// Losses of statements that a user wrote, which do not show in the schemas before and after the migration.

import { isColumn, isTable } from '../kinds/named-objects.ts';
import { toOneLine } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Step } from '../model/step.ts';
import type { SqlFile } from '../sql/parse.ts';

/**
 * Statements of a file that lose values by their own text.
 * @param steps the steps that the planner would have written
 * @param ends the schemas before and after the file, in any order
 */
export function findManualLosses(
  file: SqlFile,
  steps: readonly Step[],
  ends: readonly [Catalog, Catalog],
): string[] {
  return [...new Set([...castsByHand(file, steps), ...dropsByHand(file, steps, ends)])];
}

// Objects that are dropped and created again under their name, without their values.
function dropsByHand(
  { runnable, statements }: SqlFile,
  steps: readonly Step[],
  ends: readonly [Catalog, Catalog],
): string[] {
  const known = (path: readonly string[]) => JSON.stringify(path.slice(-2));
  const planned = new Set(steps.flatMap(({ sql }) => dropsIn(toOneLine(sql)).map(known)));
  const isThere = ({ facts }: Catalog, path: readonly string[], isKind: (fact: Fact) => boolean) =>
    [...facts.values()].some(
      (fact) => isKind(fact) && path.every((name, at) => fact.path.at(at - path.length) === name),
    );
  return statements
    .filter(({ tag }) => tag === 'AlterTableStmt' || tag === 'DropStmt')
    .map(({ tag, start, end }) => ({
      isKind: tag === 'DropStmt' ? isTable : isColumn,
      at: [start, end] as const,
    }))
    .map(({ isKind, at }) => ({ isKind, sql: toOneLine(runnable.slice(...at)) }))
    .filter(({ isKind, sql }) =>
      dropsIn(sql).some(
        (path) => !planned.has(known(path)) && ends.every((end) => isThere(end, path, isKind)),
      ),
    )
    .map(({ sql }) => sql);
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
/** A name with its schema, as a pattern. */
export const pathText = String.raw`${name}(?:\.${name})*`;
const table = new RegExp(String.raw`^drop table (?:if exists )?(${pathText}(?:\s*,\s*${pathText})*)`, 'i');
const altered = new RegExp(`^alter table (?:if exists )?(?:only )?(${pathText}) `, 'i');
const dropped = new RegExp(
  String.raw`\bdrop (?!constraint|default|not|identity|expression)(?:column )?(?:if exists )?(${name})`,
  'gi',
);

// The paths of the tables, or of the columns, that a statement drops.
function dropsIn(sql: string): string[][] {
  const tables = table.exec(sql)?.[1]?.match(new RegExp(pathText, 'g'));
  if (tables) return tables.map(namesIn);
  const whole = altered.exec(sql)?.[1];
  return whole === undefined
    ? []
    : [...sql.matchAll(dropped)].map(([, column = '']) => [...namesIn(whole), ...namesIn(column)]);
}

/** The tables, as they are written, that a statement drops or alters. */
export function findAltered(sql: string): string[] {
  const tables = table.exec(sql)?.[1]?.match(new RegExp(pathText, 'g'));
  return tables ?? altered.exec(sql)?.slice(1, 2) ?? [];
}

/** The names of a path, unquoted. */
export const namesIn = (path: string) =>
  (path.match(new RegExp(name, 'g')) ?? []).map((one) =>
    one.startsWith('"') ? one.slice(1, -1).replaceAll('""', '"') : one.toLowerCase(),
  );

// Changes of type whose USING is not the plan's for that column: they may make anything of a value. A plain
// cast of the column itself to a type whose length cannot cut anything off is as good.
function castsByHand({ runnable, statements }: SqlFile, steps: readonly Step[]): string[] {
  const planned = new Set(
    steps.flatMap(({ sql }) => usingsIn(toOneLine(sql)).map((one) => plain(one.join()))),
  );
  return statements
    .filter(({ tag }) => tag === 'AlterTableStmt')
    .map(({ start, end }) => toOneLine(runnable.slice(start, end)))
    .filter((sql) => usingsIn(sql).some((one) => !planned.has(plain(one.join())) && !isPlainCast(...one)));
}

type Using = readonly [column: string, type: string, expression: string];

const usings =
  /("(?:[^"]|"")+"|[^\s"]+)\s+(?:set\s+data\s+)?type\s+(.*?)\s+using\b\s*(.*?)(?=,\s*(?:alter|add|drop)\s|$)/gi;

const usingsIn = (sql: string) =>
  [...sql.matchAll(usings)].map(
    ([, column = '', type = '', expression = '']): Using => [column, type, expression],
  );

function isPlainCast(column: string, type: string, expression: string): boolean {
  const [, value = '', to = ''] = /^\(?("[^"]+"|[\w$]+)\)?::([^:]+)$/.exec(expression) ?? [];
  return plain(value) === plain(column) && plain(to) === plain(type) && !/char|bit/i.test(type);
}

const plain = (sql: string) => sql.replace(/\s+/g, '').toLowerCase();
