// The rules of the house, held by reading the sources themselves.
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { wording } from '../lib/problem/messages.ts';
import { comments, imports, isName, isTypeof, isUse, nodes, type Source, sources } from './house/sources.ts';

const lib = sources('lib');
const all = [...lib, ...sources('tasks', 'test', 'bench')];

// A file imports from its own room or from lower floors.
const floors: Readonly<Record<string, number>> = {
  'awake.ts': 0,
  'data-wording.ts': 0,
  'file-problem.ts': 0,
  'legible.ts': 0,
  'migration-wording.ts': 0,
  'place.ts': 0,
  'problem.ts': 0,
  'secret.ts': 0,
  'wording-row.ts': 0,
  'wording.ts': 0,
  model: 0,
  kinds: 1,
  plan: 1,
  migration: 1,
  sql: 1,
  pg: 2,
  catalog: 3,
  config: 3,
  flow: 3,
  ledger: 3,
  shadow: 3,
  operations: 4,
  report: 5,
  // The built-in tasks, which the runner lends to projects that have none.
  tasks: 5,
  runner: 6,
  'index.ts': 7,
  'bin.ts': 7,
};

// Rooms on one floor that may know each other's types.
const neighbours = new Set(['migration → plan']);

// Every package has the rooms that may load it, so that it can be replaced in one place.
const owners: Readonly<Record<string, readonly string[]>> = {
  pg: ['pg'],
  '@electric-sql': ['shadow'],
  'libpg-query': ['sql'],
  chalk: ['report'],
  dotenv: ['config'],
  esbuild: ['config'],
  '@babel': ['runner'],
  enquirer: ['runner'],
  yaml: ['operations'],
  'node-pg-migrate': ['ledger'],
};

// The world comes to these as an argument.
const ground = Object.keys(floors).filter((room) => floors[room] === 0);
const pure = new Set([...ground, 'kinds', 'plan', 'migration', 'report']);
const effects = /^node:(fs|child_process|net|http|https|os|process|readline|tty|worker_threads|timers)\b/;

// The only rooms where the process, the console and the clock may be touched.
const edges = new Set(['runner', 'bin.ts']);

/** Runs a rule over files and fails with the list of all places that break it. */
function holds(files: readonly Source[], rule: (source: Source) => readonly string[]): void {
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap((source) => rule(source).map((what) => `${source.path}${what}`))).toEqual([]);
}

function roomOf(path: string): string {
  const [top = '', room = ''] = path.split('/');
  return top === 'lib' ? room : top;
}

test('a file imports from its own room or from lower floors', () => {
  holds(lib, (source) => {
    const floor = floors[source.room];
    if (floor === undefined) return [`: the room ${source.room} has no floor`];
    return imports(source)
      .filter(({ from }) => from.startsWith('.'))
      .flatMap(({ from, typesOnly, line }) => {
        const room = roomOf(posix.join(posix.dirname(source.path), from));
        const lower = (floors[room] ?? Number.POSITIVE_INFINITY) < floor;
        // Single files of one floor are one room together.
        const own = room === source.room || (floors[room] === floor && room.endsWith('.ts') && floor === 0);
        const known = typesOnly && neighbours.has(`${source.room} → ${room}`);
        return lower || own || known ? [] : [`:${line} imports ${from}, which is not below it`];
      });
  });
});

test('every package is loaded only by the rooms that own it', () => {
  holds(lib, (source) =>
    imports(source)
      .filter(({ from }) => !/^(\.|node:)/.test(from))
      .flatMap(({ from, line }) => {
        const name = from.split('/')[0] as string;
        return owners[name]?.includes(source.room) ? [] : [`:${line} imports ${from}`];
      }),
  );
});

test('pure rooms do not touch the world', () => {
  holds(
    lib.filter(({ room }) => pure.has(room)),
    (source) =>
      imports(source).flatMap(({ from, line }) => (effects.test(from) ? [`:${line} imports ${from}`] : [])),
  );
});

test('the process, the console and the clock belong to the edge', () => {
  holds(
    lib.filter(({ room }) => !edges.has(room)),
    (source) =>
      [...nodes(source.tree)].flatMap(({ node, above }) => {
        const line = node.loc?.start.line;
        if (node.type === 'NewExpression' && node.arguments.length === 0 && isName(node.callee, 'Date'))
          return [`:${line} reads the clock`];
        if (isUse(node, above, 'process') || isUse(node, above, 'console'))
          return [`:${line} touches ${source.text.slice(above.start ?? 0, above.end ?? 0).slice(0, 40)}`];
        if (node.type !== 'MemberExpression') return [];
        const clock = isName(node.object, 'Date') || isName(node.object, 'performance');
        return clock && isName(node.property, 'now') ? [`:${line} reads the clock`] : [];
      }),
  );
});

test('files are short: 300 lines', () => {
  holds(all, ({ text }) => {
    const lines = text.trimEnd().split('\n').length;
    return lines > 300 ? [` has ${lines} lines, at most 300 are allowed`] : [];
  });
});

test('the engine names no kind', () => {
  const names = lib
    .filter(({ room }) => room === 'kinds')
    .flatMap(({ text }) => [...text.matchAll(/\bname: '([^']+)'/g)].map((match) => match[1] as string));
  expect(names.length).toBeGreaterThan(0);
  const isKind = (text: string) => names.some((name) => text === name || text.startsWith(`${name}:`));
  holds(
    lib.filter(({ room }) => ['model', 'plan', 'catalog'].includes(room)),
    (source) =>
      [...nodes(source.tree)].flatMap(({ node, above }) => {
        const text =
          node.type === 'StringLiteral'
            ? node.value
            : node.type === 'TemplateElement'
              ? node.value.raw
              : undefined;
        // `typeof x === 'function'` is JavaScript's word.
        const script = above.type === 'BinaryExpression' && isTypeof(above.left);
        return text === undefined || script || !isKind(text)
          ? []
          : [`:${node.loc?.start.line} names '${text}'`];
      }),
  );
});

test('every problem has words, a hint, an exit code and a status', () => {
  // Stands for the data of any code: text where text is wanted, a list where a list is, nothing said by the server.
  const data = new Proxy({}, { get: (_, key) => (key === 'hint' ? null : ['something']) }) as never;
  const broken = Object.entries(wording).filter(
    ([, { words, hint, exitCode, status }]) =>
      !(
        words(data).trim() &&
        hint(data).trim() &&
        [1, 2, 64].includes(exitCode) &&
        status >= 400 &&
        status < 600
      ),
  );
  expect(broken.map(([code]) => code)).toEqual([]);
});

test('every file begins with a sentence that says what it is', () => {
  holds(all, ({ text }) =>
    /^(#!.*\n)?\/\/ \S.*[.:;]?\n/.test(text) ? [] : [' does not begin with a comment'],
  );
});

test('every export of the library has a doc comment', () => {
  holds(lib, (source) => {
    const overloads = new Set<string>();
    return source.tree.program.body.flatMap((node) => {
      if (node.type !== 'ExportNamedDeclaration' && node.type !== 'ExportDefaultDeclaration') return [];
      if (!node.declaration) return [];
      const { declaration } = node;
      const name =
        'id' in declaration && declaration.id && 'name' in declaration.id ? declaration.id.name : '';
      if (name !== '' && overloads.has(name)) return [];
      overloads.add(name);
      const documented = node.leadingComments?.some(
        (comment) => comment.type === 'CommentBlock' && comment.value.startsWith('*'),
      );
      return documented ? [] : [`:${node.loc?.start.line} exports without a doc comment`];
    });
  });
});

test('files are called by what they hold', () => {
  const empty =
    /(^|\/|-)(utils?|helpers?|common|managers?|misc|shared|stuff|lib)(\.test)?\.ts$|(^|\/)types\.ts$/;
  holds(all, ({ path }) => (empty.test(path) ? [' has a name that says nothing'] : []));
});

test('nothing is thrown but problems', () => {
  holds(lib, (source) =>
    [...nodes(source.tree)].flatMap(({ node }) => {
      if (node.type !== 'ThrowStatement' || node.argument.type !== 'NewExpression') return [];
      return isName(node.argument.callee, 'Problem')
        ? []
        : [`:${node.loc?.start.line} throws something else`];
    }),
  );
});

test('nothing is left undone or cast away', () => {
  holds(all, (source) => [
    ...comments(source)
      .filter(({ value }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(value))
      .map(({ loc }) => `:${loc?.start.line} leaves something undone`),
    ...[...nodes(source.tree)]
      .filter(({ node }) => node.type === 'TSAsExpression' && node.typeAnnotation.type === 'TSAnyKeyword')
      .map(({ node }) => `:${node.loc?.start.line} casts to any`),
  ]);
});

test('no test is left out or alone', () => {
  holds(sources('test'), (source) =>
    [...nodes(source.tree)].flatMap(({ node }) => {
      if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return [];
      const test = ['test', 'it', 'describe'].includes(node.object.name);
      const left = ['skip', 'only', 'todo', 'fails'].some((name) => isName(node.property, name));
      return test && left ? [`:${node.loc?.start.line} leaves tests out`] : [];
    }),
  );
});
