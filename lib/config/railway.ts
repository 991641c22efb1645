// Asks the Railway client for the URL of a database.
import { execFile } from 'node:child_process';
import { env } from 'node:process';
import { withoutConnection } from '../pg/parameters.ts';
import type { RailwayFailure } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { redact } from '../problem/redact.ts';

/** A database of the project that the folder is linked to. */
export interface RailwayConfig {
  /** The service of the database; default: the linked one. */
  readonly service?: string;
  /** Railway's environment; default: the linked one. */
  readonly environment?: string;
  /** The variable that holds the URL; default: `DATABASE_PUBLIC_URL`, else `DATABASE_URL`. */
  readonly variable?: string;
}

type Fault = RailwayFailure['fault'];

const patience = 60_000;

// The client's messages, in the order in which it checks.
const faults: readonly [RegExp, Fault][] = [
  [/unauthorized|railway login|log in|token/i, 'not_logged_in'],
  [/railway link|linked project|project (not found|is deleted)/i, 'not_linked'],
  [/environment .*not found|railway environment/i, 'no_environment'],
  [/service/i, 'no_service'],
];

/**
 * Asks the client `railway` for the variables of a service, without a shell.
 * @param name the environment, for messages
 * @returns the URL, and where it was found, for messages
 * @throws Problem `railway_failed`
 */
export async function railwayUrl(
  name: string,
  { service, environment, variable }: RailwayConfig,
  root: string,
): Promise<{ url: string; found: string }> {
  const words = [
    ...['variables', '--json'],
    ...(service === undefined ? [] : ['--service', service]),
    ...(environment === undefined ? [] : ['--environment', environment]),
  ];
  const wanted = variable === undefined ? ['DATABASE_PUBLIC_URL', 'DATABASE_URL'] : [variable];
  const fail = (fault: Fault, detail: string) =>
    new Problem('railway_failed', { environment: name, fault, detail });
  const text = await new Promise<string>((resolve, reject) => {
    const options = { cwd: root, timeout: patience, maxBuffer: 1 << 24, env: withoutConnection(env) };
    execFile('railway', words, options, (error, stdout, stderr) => {
      const said = redact(stderr.trim().split('\n').at(-1) ?? '');
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(fail('no_client', 'the command railway was not found'));
      else if (error.killed) reject(fail('failed', 'the command railway took longer than a minute'));
      else {
        const fault = faults.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'failed';
        reject(fail(fault, said || `the command railway ended with exit code ${error.code}`));
      }
    });
  });
  const variables = variablesIn(text);
  // Other output is never shown: it may contain passwords.
  if (variables === null) throw fail('failed', 'the command railway did not print a JSON object');
  const found = wanted.find((one) => typeof variables[one] === 'string' && variables[one] !== '');
  if (found === undefined)
    throw fail('no_variable', `${service ?? 'the linked service'} has no ${wanted.join(' and no ')}`);
  const url = variables[found] as string;
  if (/@[^/?]*\.railway\.internal\b/.test(url))
    throw fail('private', `only other Railway services can reach the host of ${found}`);
  return { url, found: `${found} of ${service ?? 'the linked service'} on Railway` };
}

function variablesIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
