// What people may see of facts that hold secrets, such as the password of a user mapping: their payload and their SQL
// without them.
import { hideConnections } from '../problem/redact.ts';
import type { Fact, Json, Payload } from './fact.ts';
import type { AnyKind } from './kind.ts';
import { type Statement, type StatementScript, statementsOf } from './step.ts';

const mask = '***';

/**
 * The fact as it may be shown: with a mask in the place of each secret that its kind declares, and of passwords in
 * connection strings wherever they are.
 */
export function shownFact(fact: Fact, kind: AnyKind | undefined): Fact {
  const payload: Payload = kind?.masked?.(fact.payload, () => mask) ?? fact.payload;
  if (payload === fact.payload && !mayHold(payload)) return fact;
  return { ...fact, payload: veiled(payload) as Payload };
}

// Nearly no fact does, and copies of all would be what a big difference costs.
function mayHold(value: Json): boolean {
  if (typeof value === 'string') return hideConnections(value) !== value;
  return typeof value === 'object' && value !== null && Object.values(value).some(mayHold);
}

function veiled(value: Json): Json {
  if (typeof value === 'string') return hideConnections(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(veiled);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, veiled(inner)]));
}

/**
 * What a kind writes, with `shown` beside each statement that holds a secret.
 * @param write makes the script of facts that it is to pass through `show` first
 */
export function withShown(
  kind: AnyKind,
  write: (show: (fact: Fact) => Fact) => StatementScript,
): Statement[] {
  const statements = statementsOf(write((fact) => fact)).map(told);
  if (kind.masked === undefined) return statements;
  // Each secret has its own stand-in until the SQL is written, so that what differs or not still does.
  const known: string[] = [];
  const standIn = (secret: string) => {
    if (!known.includes(secret)) known.push(secret);
    return `\u0001${known.indexOf(secret)}\u0001`;
  };
  const shown = statementsOf(
    write((fact) => ({ ...fact, payload: kind.masked?.(fact.payload, standIn) ?? fact.payload })),
  );
  return statements.map((statement, index) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no text of PostgreSQL has it by accident
    const sql = hideConnections(shown[index]?.sql.replace(/\u0001\d+\u0001/g, mask) ?? mask);
    return sql === statement.sql ? statement : { ...statement, shown: sql };
  });
}

function told(statement: Statement): Statement {
  const shown = hideConnections(statement.sql);
  return shown === statement.sql ? statement : { ...statement, shown };
}
