// `npm run docs-corpus -- DIR`: documents and pictures of real products' schemas: every link leads somewhere,
// SVG is XML, Mermaid's own parser takes the diagram, and GitHub's Markdown makes no links of names.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDocs } from '../../lib/commands/write-docs.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { describe } from '../proof/session.ts';
import { openJudges } from './judges.ts';
import { findBrokenLinks } from './links.ts';

const usage = 'npm run docs-corpus -- DIR [--filter TEXT] [--pictures FOLDER]\n';
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { filter: { type: 'string', default: '' }, pictures: { type: 'string' } },
});
const [directory] = positionals;
if (directory === undefined) {
  process.stderr.write(usage);
  process.exit(64);
}
const roles = join(directory, '_roles.sql');
const names = readdirSync(directory)
  .filter((name) => name.endsWith('.sql') && !name.startsWith('_') && name.includes(values.filter))
  .sort();
const cache = await freshCache();
const own = project(null, cache);
const { root } = own.context.project;
const judges = await openJudges();
if (values.pictures !== undefined) mkdirSync(values.pictures, { recursive: true });
let [passed, failed] = [0, 0];
try {
  for (const name of names) {
    const faults = await examine(name).catch((thrown: unknown) => [describe(thrown)]);
    if (faults.length === 0) passed++;
    else failed++;
    process.stdout.write(`${faults.length === 0 ? 'good' : 'BAD '} ${name}\n`);
    for (const fault of faults.slice(0, 5)) process.stdout.write(`  ${fault.slice(0, 300)}\n`);
  }
} finally {
  await judges.close();
  own.drop();
  rmSync(cache, { recursive: true, force: true });
}
process.stdout.write(`${passed} good, ${failed} bad\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function examine(name: string): Promise<string[]> {
  const text = readFileSync(resolve(directory as string, name), 'utf8');
  const from = join(root, 'corpus.sql');
  writeFileSync(from, `${existsSync(roles) ? readFileSync(roles, 'utf8') : ''}\n${text}`);
  const out = `docs-${name.replace(/\W/g, '-')}`;
  const start = performance.now();
  const report = await writeDocs(own.context, { from: 'corpus.sql', out });
  const written = performance.now();
  const changes = await writeDocs(own.context, { from: 'corpus.sql', against: 'empty', out });
  const seconds = [written - start, performance.now() - written].map((one) => (one / 1000).toFixed(1));
  const folder = join(root, out);
  const files = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  const sizes = ['README.md', 'index.html'].map((file) => `${file} ${size(join(folder, file))}`);
  const pictures = [...files.keys()].filter((file) => /^diagram/.test(file));
  process.stdout.write(
    `${name}: ${report.relations} relations, ${report.files} files, ${pictures.length} pictures, ` +
      `${seconds[0]} s; ${changes.changes} changes from empty, ${seconds[1]} s; ${sizes.join(', ')}\n`,
  );
  const faults = [
    ...(files.size === report.files + changes.files ? [] : [`${files.size} files are there`]),
    ...findBrokenLinks(files),
    ...(await judges.judge(files)),
  ];
  for (const against of [{}, { against: 'empty' }]) {
    const checked = await writeDocs(own.context, { from: 'corpus.sql', ...against, out, check: true });
    if (!checked.upToDate) faults.push(`${JSON.stringify(against)}: not up to date at once`);
  }
  if (values.pictures !== undefined)
    for (const file of pictures.slice(0, 3))
      await judges.keepPicture(join(folder, file), join(values.pictures, `${out}-${file}.png`));
  return faults;
}

function size(file: string): string {
  return `${Math.ceil(statSync(file).size / 1024)} kB`;
}
