// The repository's own source files, read and parsed for the rules of the house.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parse } from '@babel/parser';
import type { Comment, File, Node } from '@babel/types';

const root = join(import.meta.dirname, '../..');

/** One source file of the repository. */
export interface Source {
  /** Its path from the repository's root, with `/`. */
  readonly path: string;
  /** The folder below `lib/` that it is in, or the file's own name there; `web`; '' outside of both. */
  readonly room: string;
  readonly text: string;
  readonly tree: File;
}

/** One import, re-export or dynamic import. */
export interface Import {
  readonly from: string;
  /** Nothing of it is there when the program runs. */
  readonly typesOnly: boolean;
  readonly line: number;
}

/** All sources below the given folders, found by walking. */
export function sources(...folders: string[]): Source[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
    .map(read);
}

/** The programs outside of these folders: the start of the program, the build and the action. */
export function programs(): Source[] {
  const isProgram = (name: string) => /\.[cm]?js$/.test(name);
  const top = readdirSync(root).filter((name) => name.startsWith('build') && isProgram(name));
  const below = ['action', 'bin'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter(isProgram)
      .map((name) => `${folder}/${name}`),
  );
  return [...below, ...top].sort().map(read);
}

// Several tests read the same files in one process.
const known = new Map<string, Source>();

function read(path: string): Source {
  const source = known.get(path) ?? parseFile(path);
  known.set(path, source);
  return source;
}

function parseFile(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const [top, room = ''] = path.split('/');
  const plugins: ('typescript' | 'jsx')[] = path.endsWith('.tsx') ? ['typescript', 'jsx'] : ['typescript'];
  const tree = parse(text, { sourceType: 'module', plugins, sourceFilename: path });
  return { path, room: top === 'lib' ? room : top === 'web' ? top : '', text, tree };
}

const walks = new WeakMap<Node, Place[]>();

/** A node with the node above it. */
export interface Place {
  readonly node: Node;
  readonly above: Node;
}

/** Every node of a tree, from the outside in. A tree is walked once, however many rules ask. */
export function nodes(tree: Node): readonly Place[] {
  const known = walks.get(tree);
  if (known) return known;
  const found: Place[] = [];
  walk(tree, tree, found);
  walks.set(tree, found);
  return found;
}

function walk(node: Node, above: Node, found: Place[]): void {
  found.push({ node, above });
  for (const [key, value] of Object.entries(node)) {
    if (key.endsWith('Comments') || key === 'comments' || key === 'loc') continue;
    for (const inner of Array.isArray(value) ? value : [value]) if (isNode(inner)) walk(inner, node, found);
  }
}

/** What a source imports, however it does. */
export function imports(source: Source): Import[] {
  const found: Import[] = [];
  for (const { node } of nodes(source.tree)) {
    const line = node.loc?.start.line ?? 0;
    if (node.type === 'ImportDeclaration') {
      const named = node.specifiers.length > 0;
      const types =
        named && node.specifiers.every((each) => 'importKind' in each && each.importKind === 'type');
      found.push({ from: node.source.value, typesOnly: node.importKind === 'type' || types, line });
    } else if (
      node.type === 'ExportAllDeclaration' ||
      (node.type === 'ExportNamedDeclaration' && node.source)
    )
      found.push({ from: node.source?.value ?? '', typesOnly: node.exportKind === 'type', line });
    else if (node.type === 'CallExpression' && node.callee.type === 'Import') {
      const [argument] = node.arguments;
      if (argument?.type === 'StringLiteral') found.push({ from: argument.value, typesOnly: false, line });
    } else if (node.type === 'TSImportType') {
      const { argument } = node;
      if (argument.type === 'StringLiteral') found.push({ from: argument.value, typesOnly: true, line });
    }
  }
  return found;
}

/** A source's comments. */
export function comments(source: Source): Comment[] {
  return source.tree.comments ?? [];
}

/** Whether a node is a name, as it stands. */
export function isName(node: { type: string }, name: string): boolean {
  return node.type === 'Identifier' && 'name' in node && node.name === name;
}

/** Whether a node is a variable of that name, and not a property or key that is called so. */
export function isUse(node: Node, above: Node, name: string): boolean {
  const property = 'property' in above && above.property === node && !('computed' in above && above.computed);
  const key = 'key' in above && above.key === node && !('shorthand' in above && above.shorthand);
  return isName(node, name) && !property && !key;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
