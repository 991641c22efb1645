// Asks the Railway client for the URL of a database.
import type { RailwayFailure } from '../problem/codes.ts';
import { Problem } from '../problem/problem.ts';
import { readOutput } from '../programs/run.ts';

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
  const ending = await readOutput({ file: 'railway', args: words, cwd: root, timeout: patience });
  if (ending.isMissing) throw fail('no_client', 'the command railway was not found');
  if (ending.timedOut) throw fail('failed', 'the command railway took longer than a minute');
  if (ending.failure !== null) {
    const fault = faults.find(([pattern]) => pattern.test(ending.errors))?.[1] ?? 'failed';
    const said = ending.errors.split('\n').at(-1);
    throw fail(fault, said || `the command railway ended with ${ending.failure}`);
  }
  const variables = variablesIn(ending.text);
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
