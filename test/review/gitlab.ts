// The jobs for GitLab in the guide, and shells that run their lines as a runner does.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { repository } from './steps.ts';

/** One job, as the guide writes it. */
export interface GitLabJob {
  readonly script: readonly string[];
  readonly after_script?: readonly string[];
  readonly needs?: readonly string[];
  readonly rules: readonly { readonly if: string; readonly when?: string }[];
  readonly artifacts?: {
    readonly paths?: readonly string[];
    readonly reports: Readonly<Record<string, string>>;
  };
}

const guide = readFileSync(join(repository, 'docs/guides/ci-and-deploy.md'), 'utf8');

/** The jobs of the first block of YAML after a sentence of the guide. */
export function readJobs(sentence: string): Record<string, GitLabJob> {
  const [, section = ''] = guide.split(sentence);
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(section) ?? [];
  return parse(text) as Record<string, GitLabJob>;
}

/** Makes a folder with an `npx` that runs pgmage of this repository, and gives its path. */
export function makeNpx(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const npx = join(bin, 'npx');
  writeFileSync(npx, `#!/bin/sh\nshift\nexec '${process.execPath}' '${repository}/bin/pgmage.cjs' "$@"\n`);
  chmodSync(npx, 0o755);
  return bin;
}

/** Runs lines in one shell, as GitLab does; `after_script` has a shell of its own. */
export function runLines(
  lines: readonly string[],
  cwd: string,
  { PATH = '', ...variables }: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  const words = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', lines.join('\n')];
  const env = {
    PATH: `${PATH}:${process.env.PATH}`,
    HOME: process.env.HOME,
    NODE_OPTIONS: process.env.NODE_OPTIONS,
    CI_PROJECT_DIR: cwd,
    ...variables,
  };
  return new Promise((resolve) => {
    execFile('bash', words, { cwd, env }, (error, out, log) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: out + log }),
    );
  });
}
