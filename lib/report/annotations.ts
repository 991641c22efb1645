// Findings as GitHub shows them beside the lines of a pull request (GitHub's manual: Workflow commands).

import type { StatusReport } from '../commands/status.ts';
import type { VerifyReport } from '../commands/verify.ts';
import { describeChange } from '../compare/changes.ts';
import { makeTextLegible, stripColours } from '../problem/legible.ts';
import { startOf, type Where } from '../problem/location.ts';
import type { Problem } from '../problem/problem.ts';
import { failedText } from './migrations.ts';
import type { Paper } from './paper.ts';

/** Paper for annotations: GitHub knows files by their paths from the root of the repository. */
export type FilePaths = Pick<Paper, 'repositoryPath'>;

/** One finding: its title, its message and, if it is in a file, its place. */
export interface Annotation {
  readonly title: string;
  readonly message: string;
  readonly where?: Where | undefined;
  /** Default: error. */
  readonly level?: 'error' | 'warning';
}

/** Annotations for the failed checks of `db:verify`. */
export function verifyAnnotations({ checks, appliedBy }: VerifyReport, paths: FilePaths = {}): string {
  return annotationsText(
    checks.flatMap(({ is, faults, places }) =>
      faults.map((message, index) => ({
        title: failedText(is, { appliedBy }),
        message,
        where: places?.[index],
      })),
    ),
    paths,
  );
}

/** Annotations for the differences of `db:status`, one per side, on the schema's file. */
export function statusAnnotations(
  { schema, target, changes, record }: StatusReport,
  paths: FilePaths = {},
): string {
  const { pending = [], unrecorded = [], drift = [], unfinished = [], faults = [], places } = record ?? {};
  const texts = (items: typeof changes) => items.map(({ text }) => text);
  const sides: [title: string, items: readonly string[], files?: readonly (string | null)[] | undefined][] = [
    [`${target.name} differs from ${schema.path}`, texts(changes)],
    [`Not applied to ${target.name}`, pending, places?.pending],
    [`Changed in ${schema.path}, but in no migration`, unrecorded.map(describeChange)],
    [`Drift in ${target.name}`, drift.map(describeChange)],
    [`Left in ${target.name} by a migration that failed half-way`, unfinished.map(describeChange)],
    ['Problems of the migrations', faults, places?.faults],
  ];
  return annotationsText(
    sides.flatMap(([title, items, files = []]) =>
      [...groupBy(items, (_, at) => files[at] ?? schema.path)].map(([file, own]) => ({
        title,
        message: own.join('\n'),
        where: startOf(file),
      })),
    ),
    paths,
  );
}

function groupBy(items: readonly string[], fileOf: (item: string, at: number) => string) {
  const groups = new Map<string, string[]>();
  for (const [at, item] of items.entries()) {
    const file = fileOf(item, at);
    groups.set(file, [...(groups.get(file) ?? []), item]);
  }
  return groups;
}

/** The annotation of a problem, at its place or at the first file that it is about. */
export function problemAnnotation({ message, hint, where, data }: Problem, paths: FilePaths = {}): string {
  const [title = ''] = message.split('\n');
  const { file, files } = data as { readonly file?: unknown; readonly files?: unknown };
  const [first] = Array.isArray(files) ? files : [file];
  const place = where ?? (typeof first === 'string' ? startOf(first) : undefined);
  return annotationsText([{ title, message: `${message}\n${hint}`.trim(), where: place }], paths);
}

/** One line for each: `::error title=…,file=…,line=…,col=…::message`, or `::warning`. */
export function annotationsText(
  annotations: readonly Annotation[],
  { repositoryPath = (file) => file }: FilePaths = {},
): string {
  return annotations
    .map(({ title, message, where, level = 'error' }) => {
      const at = where ? { file: repositoryPath(where.file), line: where.line, col: where.column } : {};
      const properties = Object.entries({ title, ...at }).map(
        ([name, value]) => `${name}=${property(value)}`,
      );
      return `::${level} ${properties.join(',')}::${escaped(message)}`;
    })
    .join('\n');
}

const escaped = (text: string) =>
  makeTextLegible(stripColours(text)).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (value: string | number) =>
  escaped(String(value)).replaceAll(':', '%3A').replaceAll(',', '%2C');
