// Loads files and plans into a database, and says what was refused.
import type { Step } from '../../lib/model/step.ts';
import type { ServerConnection } from '../../lib/pg/connection.ts';
import { userSession } from '../servers/session.ts';
import { statementsOf } from './script.ts';

/** Runs a function with a session of its own. */
export async function withSession<T>(
  url: string,
  use: (session: ServerConnection) => Promise<T>,
): Promise<T> {
  const session = await userSession({ url, applicationName: 'pgmage tests' });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/**
 * Loads a schema file. All at once first, which is fast; what may not run in one transaction is run again one
 * by one.
 * @throws Problem for the statement that is refused
 */
export async function load(session: ServerConnection, file: string): Promise<void> {
  const statements = statementsOf(file);
  if (statements.length === 0) return;
  try {
    await session.execute(statements.join('\n;\n'));
  } catch {
    for (const sql of statements) await session.execute(sql);
  }
}

/** A step that the server refused. */
export class Refusal extends Error {
  /** The step said that rows may be in its way, and what the server says is about rows. */
  readonly foretold: boolean;

  constructor(step: Step, cause: unknown) {
    super(`${describe(cause)}\n${step.sql}`);
    this.name = 'Refusal';
    // Classes of errors about values, and about what constraints say of them (manual: "PostgreSQL Error
    // Codes").
    const said = ['may_fail_on_existing_rows', 'fails_on_existing_rows'] as const;
    this.foretold = said.some((hazard) => step.hazards.includes(hazard)) && /^2[23]/.test(stateOf(cause));
  }
}

/** Applies a plan, each segment in a transaction of its own. Throws {@link Refusal}. */
export async function apply(session: ServerConnection, steps: readonly Step[]): Promise<void> {
  // As in a migration: bodies are checked when they run, for they may name what comes later.
  await session.execute('set check_function_bodies = off');
  for (let index = 0; index < steps.length; ) {
    const segment = steps.filter((step) => step.segment === (steps[index] as Step).segment);
    index += segment.length;
    const transactional = segment.every((step) => step.transactional);
    if (transactional) await session.execute('begin');
    await run(session, segment);
    if (transactional) await session.execute('commit');
  }
  await session.execute('discard all');
}

/** Runs steps as they are, one by one. Throws {@link Refusal}. */
export async function run(session: ServerConnection, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    try {
      await session.execute(step.sql);
    } catch (cause) {
      throw new Refusal(step, cause);
    }
  }
}

/** What went wrong, with the SQLSTATE where there is one. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { message } = dataOf(thrown);
  const state = stateOf(thrown);
  const code = 'code' in thrown ? `${thrown.code}: ` : '';
  return `${code}${state}${state && ' '}${typeof message === 'string' ? message : thrown.message}`;
}

function stateOf(thrown: unknown): string {
  const { sqlstate = '' } = dataOf(thrown);
  return String(sqlstate);
}

function dataOf(thrown: unknown): Record<string, unknown> {
  return thrown instanceof Error && 'data' in thrown ? (thrown.data as Record<string, unknown>) : {};
}
