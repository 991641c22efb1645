// `npm run house`: the measures of the sources as a table, a line for each folder of lib/.
import { posix } from 'node:path';
import type { Node } from '@babel/types';
import { functionsIn, linesOf } from './functions.ts';
import { kindsNamedIn } from './kind-names.ts';
import { imports, nodes, type Source, sources } from './sources.ts';

const lib = sources('lib');
const all = [...lib, ...sources('tasks')];
const lengthOf = ({ text }: Source) => text.trimEnd().split('\n').length;

type Measure = (source: Source) => number;
const measures: Readonly<Record<string, Measure>> = {
  'files in a cycle of imports': ({ path }) => Number(isReached(path, path)),
  'kind names outside kinds/': (source) => kindsNamedIn(source).length,
  'functions over 40 lines': (source) => functionsIn(source).filter((one) => linesOf(one) > 40).length,
  'functions with over 4 parameters': (source) =>
    functionsIn(source).filter((one) => 'params' in one && one.params.length > 4).length,
  'lines over 110 characters': ({ text }) => text.split('\n').filter((line) => line.length > 110).length,
  'as casts, but as const': (source) =>
    nodes(source.tree).filter(({ node }) => node.type === 'TSAsExpression' && !isConst(node)).length,
  'files over 300 lines': (source) => Number(lengthOf(source) > 300),
};

const graph = new Map(
  lib.map((source) => [
    source.path,
    imports(source)
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from }) => posix.join(posix.dirname(source.path), from)),
  ]),
);

print('folder', 'files', 'lines', 'largest', 'median');
for (const room of new Set(lib.map((source) => source.room))) {
  const lengths = lib
    .filter((source) => source.room === room)
    .map(lengthOf)
    .sort((a, b) => a - b);
  const sum = lengths.reduce((total, length) => total + length, 0);
  print(room, lengths.length, sum, lengths.at(-1) ?? 0, lengths[Math.floor(lengths.length / 2)] ?? 0);
}
process.stdout.write('\n');
for (const [name, measure] of Object.entries(measures)) {
  const counts = all
    .map((source) => [source.path, measure(source)] as const)
    .filter(([, count]) => count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const most = counts.sort(([, a], [, b]) => b - a).slice(0, 3);
  const places = most.map(([path, count]) => `${path} ${count}`).join(', ');
  process.stdout.write(`${name}: ${total}${places === '' ? '' : ` (most: ${places})`}\n`);
}

function print(...cells: (string | number)[]): void {
  const [first, ...numbers] = cells;
  process.stdout.write(
    `${String(first).padEnd(16)}${numbers.map((cell) => String(cell).padStart(9)).join('')}\n`,
  );
}

function isReached(from: string, to: string, seen = new Set<string>()): boolean {
  return (graph.get(from) ?? []).some((next) => {
    if (next === to) return true;
    if (seen.has(next)) return false;
    seen.add(next);
    return isReached(next, to, seen);
  });
}

function isConst(node: Node): boolean {
  if (node.type !== 'TSAsExpression' || node.typeAnnotation.type !== 'TSTypeReference') return false;
  const { typeName } = node.typeAnnotation;
  return typeName.type === 'Identifier' && typeName.name === 'const';
}
