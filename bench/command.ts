// `npm run bench -- CORPUS`: what is promised of speed and memory, measured as ratios in one run and printed
// as a table.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { load, withSession } from '../test/proof/session.ts';
import { query, startServer } from '../test/servers/server.ts';
import { backups } from './backups.ts';
import { clones } from './clones.ts';
import { dataDiffs } from './data.ts';
import { dataApplies, dataGrowth } from './data-apply.ts';
import { growth } from './growth.ts';
import { bigLoop, loop } from './loop.ts';
import { apply, generation } from './migrations.ts';
import { chinook, type Desk, difference, type Part, read, status } from './parts.ts';
import { programs } from './programs.ts';
import { reworded } from './reworded.ts';
import { scripts } from './scripts.ts';
import { serviceData, serviceExport } from './service-data.ts';
import { serviceLoad } from './service-load.ts';
import { sizes } from './sizes.ts';
import { isKept, type Line, tableText } from './table.ts';
import { tenants } from './tenants.ts';
import { unchanged } from './unchanged.ts';

const schemas = ['read', 'diff', 'status', 'chinook', 'apply', 'generate', 'loop-gitlab', 'unchanged-gitlab'];
// They generate what they need.
const data = [
  'clone',
  'backup',
  'sizes',
  'scripts',
  'reworded',
  'data',
  'data-apply',
  'data-growth',
  'programs',
  'loop',
  'growth',
  'service-load',
  'service-data',
  'service-export',
  'tenants',
  'unchanged',
];
const names = [...schemas, ...data];
const usage = `npm run bench -- CORPUS [--part ${schemas.join()}] [--major 15,18]
    [--rounds 5] [--tables 100,1000,5000] [--before HEAD]
npm run bench -- --part ${data.join()} [--gigabytes 1] [--rows 1000000]
    [--row-counts 1000000,6000000,20000000] [--tenants 10,100,1000] [--by databases|schemas]
    [--before HEAD] [--major 15]
    [--rounds 5]\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    part: { type: 'string', default: [...schemas, 'growth'].join() },
    major: { type: 'string', default: '15,18' },
    rounds: { type: 'string', default: '5' },
    /** How many tables the generated schemas have. */
    tables: { type: 'string', default: '100,1000,5000' },
    /** How much the rows of generated databases take. */
    gigabytes: { type: 'string', default: '1' },
    /** How many rows the big table of the parts data and data-apply has. */
    rows: { type: 'string', default: '1000000' },
    /** How many tenants the part tenants has, one number after the other. */
    tenants: { type: 'string', default: '10,100,1000' },
    /** What these are. */
    by: { type: 'string', default: 'databases' },
    /** The commit that the parts unchanged and unchanged-gitlab compare with. */
    before: { type: 'string', default: 'HEAD' },
    /** And that of the part data-growth, one after the other. */
    'row-counts': { type: 'string', default: '1000000,6000000,20000000' },
  },
});
const [corpus] = positionals;
const wanted = values.part.split(',');
const hasCorpus = corpus !== undefined && existsSync(join(corpus, 'gitlab_init.sql'));
const { by } = values;
if (
  (by !== 'databases' && by !== 'schemas') ||
  !wanted.every(isName) ||
  !wanted.every((name) => hasCorpus || data.includes(name))
) {
  process.stderr.write(usage);
  process.exit(64);
}

const gigabytes = Number(values.gigabytes);
const tables = values.tables.split(',').map(Number);
const parts: Readonly<Record<string, Part>> = {
  read,
  diff: difference,
  status,
  chinook,
  clone: clones(gigabytes),
  backup: backups(gigabytes),
  sizes: sizes(gigabytes),
  scripts: scripts(gigabytes),
  'service-load': serviceLoad(gigabytes),
  'service-data': serviceData(gigabytes),
  'service-export': serviceExport(gigabytes),
  data: dataDiffs(Number(values.rows)),
  'data-apply': dataApplies(Number(values.rows)),
  'data-growth': dataGrowth(values['row-counts'].split(',').map(Number)),
  growth: growth(tables),
  reworded: reworded(tables),
  tenants: tenants(values.tenants.split(',').map(Number), by),
  unchanged: unchanged(values.before),
  programs,
  loop,
  'loop-gitlab': bigLoop,
  'unchanged-gitlab': unchanged(values.before, 'gitlab_init.sql'),
  apply,
  generate: async (desk) => [
    ...(await generation('chinook', 2)(desk)),
    ...(await generation('gitlab_init', 30)(desk)),
  ],
};
const root = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'pgmage-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

const majors = values.major.split(',').map(Number);
say(facts());
say('Building …');
execFileSync(process.execPath, [join(root, 'build.js')], { stdio: 'inherit' });
const reader = join(directory, 'reader.mjs');
await buildReader(reader);
let failed = false;
const lines: Line[] = [];
for (const major of majors) lines.push(...(await measure(major)));
process.stdout.write(`${facts()}\n\n${tableText(lines)}\n`);
process.exitCode = !failed && lines.every(isKept) ? 0 : 1;

// Growth is measured on the newest server alone: it is the embedded shadow's version, so nothing is told in
// other words.
async function measure(major: number): Promise<Line[]> {
  const chosen = wanted.filter((name) => name !== 'growth' || major === Math.max(...majors));
  const server = await startServer(major);
  try {
    const roles = join(corpus ?? '', '_roles.sql');
    if (hasCorpus && existsSync(roles))
      await withSession(server.socket(), (session) => load(session, readFileSync(roles, 'utf8')));
    const loaded = new Map<string, Promise<string>>();
    const desk: Desk = {
      server,
      corpus: corpus ?? '',
      directory,
      pgmage: join(root, 'bin/pgmage.cjs'),
      reader,
      rounds: Number(values.rounds),
      database(name) {
        const url = loaded.get(name) ?? fill(name);
        loaded.set(name, url);
        return url;
      },
      skip: (what, why) => say(`Not measured: ${what}, ${why}`),
    };
    const fill = async (name: string): Promise<string> => {
      await query(server.socket(), `create database ${name} template template0`);
      const text = readFileSync(join(desk.corpus, `${name}.sql`), 'utf8');
      await withSession(server.socket(name), (session) => load(session, text));
      return server.url(name);
    };
    const found: Line[] = [];
    for (const name of chosen) {
      say(`Measuring ${name} on PostgreSQL ${major} …`);
      try {
        found.push(...(await (parts[name] as Part)(desk)));
      } catch (thrown) {
        // What was measured before shall not be lost.
        say(`Failed: ${thrown instanceof Error ? thrown.message : thrown}`);
        failed = true;
      }
    }
    return found;
  } finally {
    await server.stop();
  }
}

// The way the program itself is built, so that it starts as fast.
async function buildReader(outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['bench/reader.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['pg-native'],
    define: { Response: 'undefined' },
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    logLevel: 'warning',
  });
}

function facts(): string {
  const [first] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
  return (
    `${first?.model ?? 'unknown processor'}, ${cpus().length} cores, ${memory},` +
    ` ${process.platform} ${release()}, Node ${process.versions.node}, load ${load}`
  );
}

function isName(name: string): boolean {
  return names.includes(name);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
