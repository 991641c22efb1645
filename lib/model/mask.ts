// Hides the secrets of facts, such as the password of a user mapping, in their payload and their SQL.
import { hideConnections } from '../problem/redact.ts';
import type { Fact, Json, Payload } from './fact.ts';
import type { AnyKind } from './kind.ts';
import { listStatements, type Statement, type StatementScript } from './step.ts';

const mask = '***';

/**
 * The fact for display: a mask replaces each secret that its kind declares, and each password in a connection
 * string.
 */
export function maskFact(fact: Fact, kind: AnyKind | undefined): Fact {
  const payload: Payload = kind?.masked?.(fact.payload, () => mask) ?? fact.payload;
  if (payload === fact.payload && !mayHold(payload)) return fact;
  return { ...fact, payload: veiled(payload) as Payload };
}

/** True if a fact holds a secret. */
export function holdsSecret(fact: Fact, kind: AnyKind | undefined): boolean {
  const shown = maskFact(fact, kind);
  return shown !== fact && JSON.stringify(shown.payload) !== JSON.stringify(fact.payload);
}

// Few facts hold a secret, and copying all of them would be the main cost of a big difference.
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
 * The SQL of a kind, with `shown` for each statement that contains a secret.
 * @param write creates the script; it passes each fact through `show` first
 */
export function writeMasked(
  kind: AnyKind,
  write: (show: (fact: Fact) => Fact) => StatementScript,
): Statement[] {
  const statements = listStatements(write((fact) => fact)).map(told);
  if (kind.masked === undefined) return statements;
  // Each secret has a placeholder of its own until the SQL is written, so equal and different secrets stay
  // so.
  const known: string[] = [];
  const standIn = (secret: string) => {
    if (!known.includes(secret)) known.push(secret);
    return `\u0001${known.indexOf(secret)}\u0001`;
  };
  const shown = listStatements(
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
