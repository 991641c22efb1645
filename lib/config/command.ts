// Runs the commands of the configuration. They inherit no variable that says where PostgreSQL's programs
// connect.
import { execFile, spawn } from 'node:child_process';
import { env } from 'node:process';
import { withoutConnection } from '../pg/parameters.ts';
import { Problem } from '../problem/problem.ts';

const patience = 60_000;

/**
 * The JSON object that a command prints; a string is run by the shell, an array as it is.
 * @throws Problem `bad_config` when it fails, takes longer than a minute or prints something else
 */
export async function output(
  command: string | readonly string[],
  cwd: string,
): Promise<Record<string, unknown>> {
  const [file = '', ...rest] = [command].flat();
  const shown = [file, ...rest].join(' ');
  const fail = (reason: string) =>
    new Problem('bad_config', { file: 'the environment', reason: `${shown} ${reason}` });
  const text = await new Promise<string>((resolve, reject) => {
    const options = {
      cwd,
      timeout: patience,
      shell: typeof command === 'string',
      maxBuffer: 1 << 24,
      env: withoutConnection(env),
    };
    execFile(file, rest, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.killed) reject(fail('took longer than a minute'));
      else reject(fail(`failed: ${stderr.trim().split('\n').at(-1) || `exit code ${error.code}`}`));
    });
  });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Output that is not JSON is reported below but never shown: it may contain passwords.
  }
  throw fail('did not print a JSON object');
}

/**
 * Runs a command of a hook; its output goes to stderr.
 * @param variables additional environment variables
 * @throws Problem `command_failed`
 */
export function run(
  command: string | readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  const [file = '', ...rest] = [command].flat();
  const fail = (reason: string) =>
    new Problem('command_failed', { command: [file, ...rest].join(' '), reason });
  return new Promise((resolve, reject) => {
    const child = spawn(file, rest, {
      cwd,
      shell: typeof command === 'string',
      stdio: ['ignore', 2, 2],
      env: { ...withoutConnection(env), ...variables },
    });
    child.on('error', (error) => reject(fail(error.message)));
    child.on('close', (code, signal) =>
      code === 0
        ? resolve()
        : reject(fail(signal === null ? `exit code ${code}` : `it was ended by ${signal}`)),
    );
  });
}
