// The types of functions: their arguments, and the row that `select * from f()` returns.
import type { DescribedRoutine } from '../describe/description.ts';
import { keyOfPath, renderComment, toProperty } from './names.ts';
import { withNull } from './relations.ts';
import type { ClientTypes } from './values.ts';

/** The interface `Functions`, of all functions that a query can call; nothing where there are none. */
export function renderFunctions(routines: readonly DescribedRoutine[], types: ClientTypes): string[] {
  const overloads = new Map<string, DescribedRoutine[]>();
  for (const routine of routines)
    if (routine.sort === 'function' && !routine.isTrigger) {
      const key = keyOfPath(routine.path);
      overloads.set(key, [...(overloads.get(key) ?? []), routine]);
    }
  if (overloads.size === 0) return [];
  return [
    '/** The functions: their arguments, and the rows of `select * from f(…)`. */',
    'export interface Functions {',
    ...[...overloads].flatMap(([key, each]) => [
      ...renderComment('  ', ...each.map(({ comment }) => comment)),
      ...(each.length === 1
        ? each.flatMap((routine) => signatureLines(routine, types, `  ${toProperty(key)}:`))
        : [
            `  ${toProperty(key)}:`,
            ...each.flatMap((routine, at) =>
              signatureLines(routine, types, '    |', at === each.length - 1 ? ';' : ''),
            ),
          ]),
    ]),
    '}',
  ];
}

function signatureLines(routine: DescribedRoutine, types: ClientTypes, head: string, end = ';'): string[] {
  const indent = ' '.repeat(head.length - head.trimStart().length);
  return [
    `${head} {`,
    `${indent}  arguments: [${argumentsOf(routine, types)}];`,
    `${indent}  row: ${rowOf(routine, types)};`,
    `${indent}  returnsSet: ${routine.returnsSet};`,
    `${indent}}${end}`,
  ];
}

function argumentsOf({ inputs, defaults, variadic }: DescribedRoutine, types: ClientTypes): string {
  const firstOptional = inputs.length - defaults;
  return inputs
    .map(({ name, type }, at) => {
      const label = labelOf(name, at);
      const { write } = types.of(type);
      if (variadic && at === inputs.length - 1) return `...${label}: ${elementsOf(type, types)}`;
      return `${label}${at >= firstOptional ? '?' : ''}: ${withNull(write)}`;
    })
    .join(', ');
}

// Each element of a variadic argument is an argument of its own.
function elementsOf(type: string, types: ClientTypes): string {
  const element = types.elementOf(type);
  return element === null ? 'unknown[]' : `(${withNull(element.write)})[]`;
}

// Every function can return NULL, whatever its columns' tables say.
function rowOf({ outputs }: DescribedRoutine, types: ClientTypes): string {
  if (outputs === null) return '{ [column: string]: unknown }';
  const last = new Map(outputs.map(({ name, type }) => [name, type]));
  const members = [...last].map(([name, type]) => `${toProperty(name)}: ${withNull(types.of(type).read)}`);
  return members.length === 0 ? '{}' : `{ ${members.join('; ')} }`;
}

// Of ECMAScript. Not every one of them can name a member of a tuple.
const reserved = new Set(
  `break case catch class const continue debugger default delete do else enum export extends false finally
  for function if import in instanceof new null return super switch this throw true try typeof var void while
  with`.split(/\s+/),
);

function labelOf(name: string, at: number): string {
  const label = name.replace(/[^A-Za-z0-9_$]/g, '_');
  if (reserved.has(label)) return `${label}_`;
  return /^[A-Za-z_$]/.test(label) ? label : `arg${at + 1}`;
}
