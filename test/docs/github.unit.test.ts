// The files for GitHub and for coding agents: they are valid, and what they name exists.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { messages } from '../../lib/problem/messages.ts';
import { toFlag } from '../../lib/runner/task.ts';
import { builtInTasks } from './generate.ts';
import { read, repository } from './markdown.ts';

const manifest = JSON.parse(read('package.json'));

interface Workflow {
  readonly jobs: Record<string, { needs?: string; steps: { uses?: string; run?: string }[] }>;
}

test('the workflows name jobs and scripts that exist', () => {
  const files = readdirSync(join(repository, '.github/workflows'));
  expect(files.sort()).toEqual(['ci.yml', 'release.yml']);
  for (const file of files) {
    const { jobs } = parse(read(`.github/workflows/${file}`)) as Workflow;
    for (const { needs, steps } of Object.values(jobs)) {
      if (needs !== undefined) expect(jobs).toHaveProperty(needs);
      expect(steps[0]?.uses).toMatch(/^actions\/checkout@v\d+$/);
      const scripts = steps.flatMap(({ run = '' }) =>
        [...run.matchAll(/npm run ([\w:]+)/g)].map(([, one]) => one),
      );
      for (const script of scripts) expect(manifest.scripts).toHaveProperty([script as string]);
    }
  }
});

test('every server version of the package is in the matrix', () => {
  const { jobs } = parse(read('.github/workflows/ci.yml')) as {
    jobs: { test: { strategy: { matrix: { postgres: string[] } } } };
  };
  expect(jobs.test.strategy.matrix.postgres).toEqual(['15', '16', '17', '18']);
});

test('release notes are the section of the version', () => {
  const { jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
  const step = jobs.publish?.steps.find(({ run }) => run?.includes('awk')) as { run: string };
  const script = /awk -v[\s\S]*?CHANGELOG\.md/.exec(step.run)?.[0].replace('CHANGELOG.md', '') as string;
  const changes = '# Changes\n\n## 1.1.0 - 2026-12-01\n- new\n\n## 1.0.0\n- old\n';
  const env = { ...process.env, GITHUB_REF_NAME: 'v1.1.0' };
  expect(execFileSync('/bin/sh', ['-c', script], { input: changes, env, encoding: 'utf8' }).trim()).toBe(
    '- new',
  );
});

test('a published package names the repository that it was published from', () => {
  const { jobs } = parse(read('.github/workflows/release.yml')) as Workflow;
  const step = jobs.publish?.steps.find(({ run }) => run?.includes('npm pkg set')) as { run: string };
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-release-'));
  try {
    const file = join(folder, 'package.json');
    writeFileSync(file, read('package.json'));
    const env = {
      ...process.env,
      GITHUB_SERVER_URL: 'https://code.example',
      GITHUB_REPOSITORY: 'team/project',
    };
    execFileSync('/bin/sh', ['-ec', step.run], { cwd: folder, env });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      ...manifest,
      repository: { type: 'git', url: 'git+https://code.example/team/project.git' },
      homepage: 'https://code.example/team/project#readme',
      bugs: { url: 'https://code.example/team/project/issues' },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the forms of issues have what GitHub needs', () => {
  for (const file of ['bug', 'wish']) {
    const form = parse(read(`.github/ISSUE_TEMPLATE/${file}.yml`)) as {
      name: string;
      body: { type: string }[];
    };
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    for (const { type } of form.body) expect(['textarea', 'input', 'dropdown', 'markdown']).toContain(type);
  }
});

test('CHANGELOG has the headings of Keep a Changelog', () => {
  const headings = read('CHANGELOG.md').match(/^##+ .*$/gm) ?? [];
  expect(headings[0]).toBe('## Unreleased');
  for (const heading of headings)
    expect(heading).toMatch(
      /^(## (Unreleased|\d+\.\d+\.\d+( - \d{4}-\d\d-\d\d)?)|### (Added|Changed|Deprecated|Removed|Fixed|Security))$/,
    );
});

test('SKILL.md names tasks, options and codes that exist', async () => {
  const text = read('SKILL.md');
  expect(text).toMatch(/^---\nname: pgmage\ndescription: [^\n]{50,1024}\n---\n/);
  const tasks = await builtInTasks();
  for (const [, name, rest = ''] of text.matchAll(/npx pgmage ([a-z]+:[a-z]+)([^`\n]*)/g)) {
    const task = tasks.find((one) => one.name === name);
    expect(task?.name).toBe(name);
    const known = [...(task?.options.map((option) => toFlag(option.name)) ?? []), '--json', '--help'];
    for (const [flag] of rest.matchAll(/--[a-z-]+/g))
      expect([name, known]).toEqual([name, expect.arrayContaining([flag])]);
  }
  const codes = [...text.matchAll(/^- `([a-z_]+)`[: ]/gm)].map(([, code]) => code as string);
  expect(codes.length).toBeGreaterThan(3);
  for (const code of codes) expect(messages).toHaveProperty(code);
});
