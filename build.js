// Builds the package into dist/: the program and the library as modules that load only what a command needs, the
// declarations, and the licences of the packages that are bundled. Plain JavaScript: nothing is built yet.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildProgram } from './build-program.js';
import { buildTypes } from './build-types.js';
import { buildWeb } from './build-web.js';

const root = dirname(fileURLToPath(import.meta.url));
// Built aside and then put in its place, so that a program that runs meanwhile finds all of one or all of the other.
const out = join(root, `dist.${process.pid}`);
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  external: [...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }), 'pg-native'],
  logLevel: 'warning',
};

mkdirSync(out);
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
// The service is loaded only by its tasks: it is ten times as large as the rest of the program. `bin/cached.cjs` loads
// for the program, so the path fits the folders of both.
const service = {
  name: 'service',
  setup(build) {
    build.onResolve({ filter: /lib\/service\/(serve|serve-worker|key-task)\.ts$/ }, ({ path }) => ({
      path: `../dist/${basename(path, '.ts')}.js`,
      external: true,
    }));
  },
};
// Its modules can be left out one by one, unlike its CommonJS file, which has its other databases in it.
const bullmq = {
  name: 'bullmq',
  setup(build) {
    const path = join(root, 'node_modules/bullmq/dist/esm/index.js');
    build.onResolve({ filter: /^bullmq$/ }, () => ({ path, sideEffects: false }));
  },
};
const product = {
  ...shared,
  outdir: out,
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
  // The library and the service list no tasks: to the library, the texts of all options were half of its start.
  // The driver looks for a browser-like worker by Response, which makes Node 20 load its whole HTTP client: 20 ms.
  // As a text: for an object, esbuild would write a call into each module.
  define: { PGMAGE_BUILT: JSON.stringify(JSON.stringify(facts([], []))), Response: 'undefined' },
};
// The program is one file: to load thirty modules, or the loader of modules itself, takes longer than to run.
const program = await buildProgram({ ...product, plugins: [service] }, 'lib/bin.ts', await ownTasks());
writeFileSync(join(out, 'bin.cjs'), program.text);
// The driver is CommonJS and asks for Node's modules with require(), and for the place of its files.
const banner = [
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  'const __dirname=import.meta.dirname??new URL(".",import.meta.url).pathname;',
  'const __filename=new URL(import.meta.url).pathname;',
].join('');
const modules = { ...product, chunkNames: '[name]-[hash]', splitting: true, banner: { js: banner } };
const library = await build({ ...modules, plugins: [service], entryPoints: { index: 'lib/index.ts' } });
const served = await build({
  ...modules,
  plugins: [bullmq],
  entryPoints: {
    serve: 'lib/service/serve.ts',
    'serve-worker': 'lib/service/serve-worker.ts',
    'key-task': 'lib/service/key-task.ts',
    job: 'lib/service/job-process.ts',
    'store-worker': 'lib/service/store-worker.ts',
  },
});
const page = await buildWeb(join(out, 'web'));
const inputs = { ...program.metafile.inputs, ...library.metafile.inputs, ...served.metafile.inputs };
await addTemplate();
const declared = buildTypes(root, join(out, 'types'));
writeFileSync(join(out, 'LICENSES.txt'), licences([...Object.keys(inputs), ...page, ...declared]));
const old = `${out}.old`;
process.on('exit', () => rmSync(old, { recursive: true, force: true }));
if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
renameSync(out, join(root, 'dist'));

// The own tasks of `pgmage --list`, read now: to parse them at each start takes longer.
async function ownTasks() {
  const reader = join(out, 'signature.js');
  await build({ ...shared, entryPoints: ['lib/runner/signature.ts'], outfile: reader });
  const { readTasks } = await import(pathToFileURL(reader).href);
  const names = ['init', 'db', 'db.push', 'db.review', 'db.generated', 'db.clone', 'db.backup', 'data', 'serve'];
  const files = names.map((name) => `tasks/${name}.ts`);
  const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
  const tasks = await Promise.all(texts.map((text, at) => readTasks(files[at], text)));
  rmSync(reader);
  const digests = texts.map((text) => createHash('sha256').update(text).digest('hex'));
  return facts(digests, tasks.flat());
}

function facts(digests, tasks) {
  return { version: manifest.version, digests, tasks };
}

// The data directory that shadows start from, so that the first command of a user need not make it. That of an earlier
// build is the same.
async function addTemplate() {
  const file = join(out, 'template.js');
  await build({ ...shared, entryPoints: ['lib/shadow/template.ts'], outfile: file });
  const { keepTemplate, makeTemplate, templateName } = await import(pathToFileURL(file).href);
  rmSync(file);
  const [earlier, target] = [join(root, 'dist', templateName), join(out, templateName)];
  if (existsSync(earlier)) copyFileSync(earlier, target);
  else await keepTemplate(target, await makeTemplate());
  // The users who run an installed package read it.
  chmodSync(target, 0o644);
}

/** @param {string[]} inputs */
function licences(inputs) {
  const found = inputs.map((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]);
  const packages = [...new Set(found.filter((path) => path !== undefined))].sort();
  const texts = packages.map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, path)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `License: ${license}` : readFileSync(join(root, path, file), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return ['pgmage contains the following packages.\n', ...texts].join(`\n${'-'.repeat(80)}\n\n`);
}
