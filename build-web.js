// Builds the page of the service, web/, into a folder; run by itself, into dist/web. Plain JavaScript: nothing is
// built yet.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));

/**
 * @param {string} out
 * @returns the files that went into it, for their licences
 */
export async function buildWeb(out) {
  mkdirSync(out, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['web/main.tsx', 'web/style.css'],
    outdir: out,
    bundle: true,
    minify: true,
    metafile: true,
    format: 'esm',
    target: ['es2023', 'chrome117', 'firefox121', 'safari17'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'favicon.svg']) copyFileSync(join(root, 'web', file), join(out, file));
  return Object.keys(metafile.inputs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWeb(process.argv[2] ?? join(root, 'dist/web'));
