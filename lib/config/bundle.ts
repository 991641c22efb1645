// Turns a project's TypeScript into modules with esbuild: its own files inlined, packages left to Node.
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Loader, Message, Plugin } from 'esbuild';
import { Problem } from '../problem/problem.ts';
import { findOwnPackage } from './own-package.ts';

/** The modules `0.mjs`, `1.mjs`, … of the entries, their shared modules, and every file that was read. */
export interface Bundle {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly inputs: readonly string[];
}

const options = {
  outExtension: { '.js': '.mjs' },
  chunkNames: 'shared-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  sourcesContent: false,
  metafile: true,
  write: false,
  logLevel: 'silent',
  define: {
    'import.meta.url': 'ownUrl',
    'import.meta.filename': 'ownFile',
    'import.meta.dirname': 'ownFolder',
  },
} as const;

/**
 * Bundles the entries together, so that a function imported by two of them stays one function.
 * @throws Problem `bad_config` or `bad_task_file` with file, line and caret of the first error
 */
export async function bundle(source: {
  name: string;
  root: string;
  cacheDir: string;
  entries: readonly string[];
}): Promise<Bundle> {
  const { build } = await import('esbuild');
  try {
    const result = await build({
      ...options,
      plugins: [ownPlace, givePackage(findOwnPackage(source.root))],
      absWorkingDir: source.root,
      entryPoints: source.entries.map((entry, index) => ({ in: entry, out: `${index}` })),
      // As deep as where the files will be, so that the source maps point at the sources.
      outdir: join(source.cacheDir, source.name),
    });
    const inputs = Object.keys(result.metafile.inputs).map((path) =>
      resolve(source.root, path.replace(/^own:/, '')),
    );
    const files = result.outputFiles.map((file) => ({
      name: file.path.replace(/^.*[\\/]/, ''),
      text: file.text,
    }));
    return { files, inputs };
  } catch (error) {
    const first = (error as Partial<BuildFailure>).errors?.[0];
    if (first === undefined) throw error;
    throw problemOf(first, source);
  }
}

// A module that asks where it is means its source, not the cache; the answer goes on its first line, to keep
// line numbers.
const ownPlace: Plugin = {
  name: 'own-place',
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta')) return null;
      const place = [pathToFileURL(path).href, path, dirname(path)].map((value) => JSON.stringify(value));
      const line = `const ownUrl = ${place[0]}, ownFile = ${place[1]}, ownFolder = ${place[2]};`;
      return {
        contents: line + text,
        loader: path.slice(path.lastIndexOf('.') + 1).replace(/[cm]/, '') as Loader,
      };
    });
  },
};

// `import … from 'pgmage'` of a project that has not installed it.
const givePackage = (file: string | null): Plugin => ({
  name: 'own-package',
  setup(build) {
    if (file === null) return;
    build.onResolve({ filter: /^pgmage$/ }, () => ({ path: pathToFileURL(file).href, external: true }));
  },
});

function problemOf(
  message: Message,
  source: { name: string; root: string; entries: readonly string[] },
): Problem {
  const at = message.location;
  const path = at === null ? (source.entries[0] as string) : resolve(source.root, at.file);
  const file = isAbsolute(path) ? relative(source.root, path) : path;
  // esbuild counts columns in bytes from 0.
  const column = at === null ? 1 : [...Buffer.from(at.lineText).subarray(0, at.column).toString()].length + 1;
  const where = at === null ? undefined : { file, line: at.line, column, text: at.lineText };
  const code = source.name === 'config' ? 'bad_config' : 'bad_task_file';
  return new Problem(code, { file, reason: message.text }, { where });
}
