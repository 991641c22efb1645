// Steps of GitHub Actions, run as a runner runs them: expressions filled in, a shell for each, and outputs.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The repository of pgmage, which has the action. */
export const repository = join(import.meta.dirname, '../..');

/** One step with a script. */
export interface Step {
  readonly id?: string;
  readonly run: string;
  readonly shell?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

/** The action of the repository. */
export const action = parse(readFileSync(join(repository, 'action.yml'), 'utf8')) as {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly (Step & { readonly shell: string })[] };
};

/** The values of expressions, by their names: `inputs.out`. */
export type Values = Record<string, string>;

/** Fills in the expressions of a text; one that has no value is empty, as GitHub does it. */
export const fill = (text: string, values: Values) =>
  text.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => values[name] ?? '');

/** Where steps run, and with what. */
export interface Job {
  /** The folder that the repository is checked out into. */
  readonly root: string;
  /** A folder for files of the runner. */
  readonly temp: string;
  /** The variables that every step has. */
  readonly env: Readonly<Record<string, string>>;
}

/** What steps printed, how each of them ended, and their outputs as `steps.ID.outputs.NAME`. */
export interface Ran {
  readonly output: string;
  readonly codes: readonly number[];
  readonly values: Values;
}

/** Runs steps, one after the other; after a failure only those that run always. */
export async function runSteps(steps: readonly Step[], given: Values, job: Job): Promise<Ran> {
  const [codes, values] = [[] as number[], { ...given }];
  let output = '';
  for (const step of steps) {
    if (codes.some((code) => code !== 0) && step.if !== 'always()') continue;
    const ended = await runStep(step, values, job);
    output += ended.output;
    codes.push(ended.code);
    for (const [name, value] of ended.outputs) values[`steps.${step.id}.outputs.${name}`] = value;
  }
  return { output, codes, values };
}

async function runStep({ run, shell = 'bash', env = {}, ...step }: Step, values: Values, job: Job) {
  const file = join(job.temp, 'outputs');
  writeFileSync(file, '');
  const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value, values)]));
  const words = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', fill(run, values)];
  const how = {
    cwd: join(job.root, fill(step['working-directory'] ?? '.', values)),
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      GITHUB_ACTION_PATH: repository,
      GITHUB_OUTPUT: file,
      GITHUB_WORKSPACE: job.root,
      ...job.env,
      ...own,
    },
  };
  const [code, output] = await new Promise<[number, string]>((resolve) => {
    execFile(shell, words, how, (error, out, log) =>
      resolve([error === null ? 0 : Number(error.code), out + log]),
    );
  });
  const lines = readFileSync(file, 'utf8').split('\n');
  return {
    code,
    output,
    outputs: lines.flatMap((line) => [...line.matchAll(/^(\w+)=(.*)$/g)].map(toOutput)),
  };
}

const toOutput = ([, name = '', value = '']: RegExpMatchArray) => [name, value] as const;

/** How the action ended, and its outputs by name. */
export interface RanAction extends Ran {
  readonly summary: string;
  readonly outputs: Values;
}

/** Runs the action. @param inputs those that a workflow gives it */
export async function runAction(inputs: Values, job: Job): Promise<RanAction> {
  const values: Values = { 'runner.temp': job.temp, 'github.token': 't0ken' };
  for (const [name, { default: usual }] of Object.entries(action.inputs))
    values[`inputs.${name}`] = inputs[name] ?? fill(usual, values);
  values['inputs.command'] = `${process.execPath} ${repository}/bin/pgmage.cjs`;
  const summary = join(job.temp, 'summary.md');
  const ran = await runSteps(action.runs.steps, values, {
    ...job,
    env: { ...job.env, GITHUB_STEP_SUMMARY: summary },
  });
  const outputs = Object.entries(action.outputs).map(([name, { value }]) => [name, fill(value, ran.values)]);
  return {
    ...ran,
    summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '',
    outputs: Object.fromEntries(outputs),
  };
}
