// The commands that README and the pages show, run again: their outputs are those of the pages.
// PGMAGE_WRITE_DOCS=1 (npm run docs:output) writes the outputs into the pages instead.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Check, Errors } from 'typebox/schema';
import { afterAll, expect, test } from 'vitest';
import { anyServer } from '../servers/running.ts';
import { squeezed, stepsOf, withOutputs } from './console.ts';
import { pages, read, repository } from './markdown.ts';
import { jsonSchema, reports } from './schemas.ts';
import { Walk } from './walk.ts';

// The pages of one project, in the order in which its life goes on.
const walked = [
  'init',
  'db-status',
  'db-diff',
  'db-generate',
  'db-sync',
  'db-verify',
  'db-history',
  'db-rollback',
  'db-pull',
  'db-backup',
  'db-backups',
  'db-restore',
  'db-clone',
  'data-diff',
  'data-verify',
  'data-sync',
  'data-history',
  'data-undo',
  'data-analyze',
  'db-lint',
].map((name) => `docs/commands/${name}.md`);

// Pages with a project of their own, which need no server.
const alone = [
  'db-types',
  'db-docs',
  'db-plan',
  'db-push',
  'db-watch',
  'serve',
  'serve-key',
  'serve-unit',
].map((name) => `docs/commands/${name}.md`);

// Pages with a project of their own, and the databases that they need.
const apart: Readonly<Record<string, readonly string[]>> = {
  'docs/guides/tenants.md': ['registry', 'acme', 'globex', 'initech'],
  'docs/commands/serve-worker.md': ['queue'],
  'docs/reference/policy.md': ['staging'],
};

// Opened after the projects of single pages have closed, which drop their databases of the same names.
let walk: Promise<Walk> | undefined;
const openWalk = () => (walk ??= Walk.open(anyServer(), ['prod', 'staging', 'shadow']));
afterAll(async () => (await walk)?.close());

async function check(path: string, project?: Walk): Promise<void> {
  const text = read(path);
  const found = withOutputs(text, await (project ?? (await openWalk())).run(text));
  if (process.env.PGMAGE_WRITE_DOCS) writeFileSync(join(repository, path), found);
  else expect(squeezed(found)).toBe(squeezed(text));
}

test('README.md shows what its commands print, without a server', async () => {
  const project = await Walk.open(anyServer(), []);
  await check('README.md', project).finally(() => project.close());
});

for (const path of alone)
  test(`${path} shows what its commands print, without a server`, async () => {
    const project = await Walk.open(anyServer(), []);
    await check(path, project).finally(() => project.close());
  });

for (const [path, environments] of Object.entries(apart))
  test(`${path} shows what its commands print`, async () => {
    const project = await Walk.open(anyServer(), environments);
    await check(path, project).finally(() => project.close());
  });

// Older servers write the definitions of views in other words.
const isNewest = anyServer().major === 18;

for (const path of isNewest ? walked : []) test(`${path} shows what its commands print`, () => check(path));

if (isNewest)
  test('documents of --json fit their schemas', async () => {
    const asked: Record<string, string> = {
      'db:status': '--env prod',
      'db:diff': '--env prod',
      'db:generate': '',
      'db:verify': '--env prod',
      'db:history': '--env prod',
      'db:backups': '',
      'data:diff': '--from prod --to staging',
      'data:verify': '--from prod --to staging',
      'data:history': '--env staging',
      'data:analyze': 'scripts',
    };
    const { $defs } = jsonSchema();
    for (const [task, words] of Object.entries(asked)) {
      const output = await (await openWalk()).json(`${task} ${words}`);
      const [fits, faults] = Errors({ $ref: `#/$defs/${reports[task]}`, $defs }, output);
      expect([task, fits, faults]).toEqual([task, true, []]);
      expect(Check({ $ref: `#/$defs/${reports[task]}`, $defs }, { other: output })).toBe(false);
    }
  });

test('every page of a command has a session, and is run', () => {
  const commands = pages().filter((path) => /^docs\/commands\/(?!README)/.test(path));
  expect(stepsOf(read('README.md')).length).toBeGreaterThan(1);
  const known = [...walked, ...alone, ...Object.keys(apart)];
  expect(commands.filter((path) => !known.includes(path))).toEqual([]);
  for (const path of known) expect([path, read(path)]).toEqual([path, expect.stringContaining('```console')]);
});
