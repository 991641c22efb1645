// The commands of the configuration: those that print where a database is, and hooks.
import { Problem } from '../problem/problem.ts';
import { readOutput, showOutput } from '../programs/run.ts';

const patience = 60_000;

/**
 * The JSON object that a command prints; a string is run by the shell, an array as it is.
 * @throws Problem `bad_config` when it fails, takes longer than a minute or prints something else
 */
export async function output(
  command: string | readonly string[],
  cwd: string,
): Promise<Record<string, unknown>> {
  const [file = '', ...args] = [command].flat();
  const shown = [file, ...args].join(' ');
  const fail = (reason: string) =>
    new Problem('bad_config', { file: 'the environment', reason: `${shown} ${reason}` });
  const ending = await readOutput({ file, args, cwd, shell: typeof command === 'string', timeout: patience });
  if (ending.timedOut) throw fail('took longer than a minute');
  if (ending.failure !== null) throw fail(`failed: ${ending.errors.split('\n').at(-1) || ending.failure}`);
  try {
    const value: unknown = JSON.parse(ending.text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Output that is not JSON is reported below but never shown: it may contain passwords.
  }
  throw fail('did not print a JSON object');
}

/** A command of the configuration that runs after something happened. */
export interface Hook {
  /** Its name in the configuration. */
  readonly name: 'afterSync' | 'hooks.failed';
  /** A string is run by the shell, an array as it is. */
  readonly command: string | readonly string[];
  readonly cwd: string;
  /** Added to the variables that it inherits. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Shows a line that it prints. */
  show(line: string): void;
}

/**
 * Runs a hook.
 * @throws Problem `hook_failed` with its exit code and the last lines of its errors
 */
export async function runHook({ name, command, cwd, variables = {}, show }: Hook): Promise<void> {
  const [file = '', ...args] = [command].flat();
  const shell = typeof command === 'string';
  const ending = await showOutput({ file, args, shell, cwd, variables, grouped: true }, show);
  const { exitCode, failure, errors } = ending;
  if (failure === null) return;
  const shown = [file, ...args].join(' ');
  throw new Problem('hook_failed', { hook: name, command: shown, exitCode, reason: failure, detail: errors });
}
