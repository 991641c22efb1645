// The rules of the house, held by reading the sources themselves.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { kinds } from '../lib/kinds/index.ts';
import { messages } from '../lib/problem/messages.ts';
import { longFunctions } from './house/functions.ts';
import { kindsNamedIn } from './house/kind-names.ts';
import { comments, imports, isName, isUse, nodes, type Source, sources } from './house/sources.ts';

const [lib, product] = [sources('lib'), sources('lib', 'web')];
const all = [...product, ...sources('tasks', 'test', 'bench')];

// A file imports from its own folder or from lower floors. The lowest is the first.
const order: readonly (readonly string[])[] = [
  ['problem'],
  ['model'],
  ['kinds'],
  ['migration', 'pg', 'plan', 'sql'],
  ['programs'],
  ['config'],
  ['catalog', 'describe', 'flow', 'ledger', 'shadow'],
  ['project'],
  ['compare', 'schema-files', 'schema-types'],
  ['copy', 'migrate', 'schema-docs'],
  ['backup', 'data-sync', 'lint'],
  ['commands'],
  ['tenants'],
  // The built-in tasks, which the runner lends to projects that have none.
  ['report', 'tasks'],
  ['runner'],
  ['service', 'library'],
  ['index.ts', 'bin.ts'],
  ['web'],
];
const floors: ReadonlyMap<string, number> = new Map(
  order.flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)),
);
const service = '@fastify bullmq croner fastify ioredis nodemailer pg-boss pino prom-client typebox'.split(
  ' ',
);

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
  yaml: ['project'],
  zx: ['runner'],
  'node-pg-migrate': ['ledger'],
  preact: ['web'],
  ...Object.fromEntries(service.map((name) => [name, ['service']])),
};

// The world comes to these as an argument.
const pure = new Set('problem model kinds plan migration report schema-docs schema-types'.split(' '));
const effects = /^node:(fs|child_process|net|http|https|os|process|readline|tty|worker_threads|timers)\b/;

// The only rooms where the process, the console and the clock may be touched.
const edges = new Set(['runner', 'service', 'bin.ts']);

/** Runs a rule over files and fails with the list of all places that break it. */
function holds(files: readonly Source[], rule: (source: Source) => readonly string[]): void {
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap((source) => rule(source).map((what) => `${source.path}${what}`))).toEqual([]);
}

function importedFiles(source: Source): { readonly path: string; readonly line: number | undefined }[] {
  return imports(source)
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from, line }) => ({ path: posix.join(posix.dirname(source.path), from), line }));
}

function roomOf(path: string): string {
  const [top = '', room = ''] = path.split('/');
  return top === 'lib' ? room : top;
}

test('a file imports from its own folder or from lower floors', () => {
  holds(product, (source) => {
    const floor = floors.get(source.room);
    if (floor === undefined) return [`: the folder ${source.room} has no floor`];
    return importedFiles(source).flatMap(({ path, line }) => {
      const room = roomOf(path);
      const isLower = (floors.get(room) ?? Number.POSITIVE_INFINITY) < floor;
      return isLower || room === source.room ? [] : [`:${line} imports ${path}, which is not below it`];
    });
  });
});

test('no file imports itself by way of others, not even for types', () => {
  const graph = new Map(product.map((one) => [one.path, importedFiles(one).map(({ path }) => path)]));
  expect([...graph.values()].flat().length).toBeGreaterThan(graph.size);
  const isReached = (from: string, to: string, seen = new Set<string>()): boolean =>
    (graph.get(from) ?? []).some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return isReached(next, to, seen);
    });
  expect([...graph.keys()].filter((path) => isReached(path, path))).toEqual([]);
});

test('every package is loaded only by the rooms that own it', () => {
  holds(product, (source) =>
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

test('programs are started in one place', () => {
  holds(lib, (source) =>
    imports(source).flatMap(({ from, line }) =>
      /^node:child_process$/.test(from) && source.room !== 'programs' ? [`:${line} starts programs`] : [],
    ),
  );
});

test('the process, the console and the clock belong to the edge', () => {
  holds(
    lib.filter(({ room }) => !edges.has(room)),
    (source) =>
      nodes(source.tree).flatMap(({ node, above }) => {
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

test('functions are short: 40 lines, and at most 4 parameters', () => {
  holds([...product, ...sources('tasks')], longFunctions);
});

test('only lib/kinds names a kind of object', () => {
  holds([...lib, ...sources('tasks')], (source) =>
    kindsNamedIn(source).map(({ line, text }) => `:${line} names ${text}`),
  );
});

test('every kind has cases, in the folder of its name', () => {
  const cases = join(import.meta.dirname, 'cases');
  const names = (folder: string) => readdirSync(folder);
  const kebab = [...kinds.keys()].map((name) => name.replaceAll(' ', '-'));
  expect(names(cases).sort()).toEqual(kebab.sort());
  for (const kind of kebab) {
    const own = names(join(cases, kind));
    expect(own.length, kind).toBeGreaterThan(0);
    expect(own.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    for (const name of own) expect(names(join(cases, kind, name)), name).toContain('new.sql');
  }
});

test('every problem has words, a hint, an exit code and a status', () => {
  // Stands for the data of any code: text where text is wanted, a list where a list is, nothing said by the
  // server.
  const data = new Proxy({}, { get: (_, key) => (key === 'hint' ? null : ['something']) }) as never;
  const broken = Object.entries(messages).filter(
    ([, { words, hint, exitCode, status }]) =>
      !(
        words(data).trim() &&
        hint(data).trim() &&
        [1, 2, 64, 130].includes(exitCode) &&
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

test('every export of the library and of the page has a doc comment', () => {
  holds(product, (source) => {
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

test('every exported type has a name of its own', () => {
  const places = new Map<string, string[]>();
  for (const { path, tree } of lib)
    for (const node of tree.program.body) {
      if (node.type !== 'ExportNamedDeclaration' || !node.declaration) continue;
      const { declaration } = node;
      if (declaration.type !== 'TSInterfaceDeclaration' && declaration.type !== 'TSTypeAliasDeclaration')
        continue;
      const { name } = declaration.id;
      places.set(name, [...(places.get(name) ?? []), path]);
    }
  expect(places.size).toBeGreaterThan(100);
  expect([...places].filter(([, paths]) => paths.length > 1)).toEqual([]);
});

// A regular expression cannot be broken; in tests, neither can a text under test.
test('lines have at most 110 characters', () => {
  const literal = /^(RegExpLiteral|StringLiteral|TemplateLiteral|TemplateElement)$/;
  holds(all, ({ path, text, tree }) => {
    const long = text.split('\n').flatMap((line, index) => (line.length > 110 ? [index + 1] : []));
    if (long.length === 0) return [];
    const isTest = path.startsWith('test/');
    const free = [...nodes(tree)]
      .filter(({ node }) => node.type === 'RegExpLiteral' || (isTest && literal.test(node.type)))
      .map(({ node }) => [node.loc?.start.line ?? 0, node.loc?.end.line ?? 0] as const);
    return long
      .filter((line) => !free.some(([from, to]) => from <= line && line <= to))
      .map((line) => `:${line} is longer than 110 characters`);
  });
});

test('files are called by what they hold', () => {
  const empty =
    /(^|\/|-)(utils?|helpers?|common|managers?|misc|shared|stuff|lib)(\.test)?\.tsx?$|(^|\/)types\.tsx?$/;
  holds(all, ({ path }) => (empty.test(path) ? [' has a name that says nothing'] : []));
});

test('nothing is thrown but problems', () => {
  holds(lib, (source) =>
    nodes(source.tree).flatMap(({ node }) => {
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
    ...nodes(source.tree)
      .filter(({ node }) => node.type === 'TSAsExpression' && node.typeAnnotation.type === 'TSAnyKeyword')
      .map(({ node }) => `:${node.loc?.start.line} casts to any`),
  ]);
});

test('no test is left out or alone', () => {
  holds(sources('test'), (source) =>
    nodes(source.tree).flatMap(({ node }) => {
      if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return [];
      const test = ['test', 'it', 'describe'].includes(node.object.name);
      const left = ['skip', 'only', 'todo', 'fails'].some((name) => isName(node.property, name));
      return test && left ? [`:${node.loc?.start.line} leaves tests out`] : [];
    }),
  );
});

test('the files that CONTRIBUTING names are there', () => {
  const text = readFileSync('CONTRIBUTING.md', 'utf8');
  const files = [...text.matchAll(/`((?:lib|tasks|test)\/[\w./-]+\.ts)`/g)].map(([, file]) => file as string);
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
});
