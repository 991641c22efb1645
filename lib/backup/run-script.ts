// Runs a script that pgmage did not write, in the transaction that is open, with the rights of the session.
import { type ScriptPart, ScriptReader } from '../flow/script.ts';
import { encodingIn, judgeEncoding, ScriptRules, type ScriptUse } from '../flow/script-rules.ts';
import type { ServerConnection } from '../pg/connection.ts';
import type { Refused } from '../problem/codes.ts';
import { locate } from '../problem/location.ts';
import { Problem } from '../problem/problem.ts';
import { refuseScript } from './script-source.ts';

/** The content of a script. */
export interface ScriptContent {
  readonly statements: number;
  /** COPY statements with rows. */
  readonly copies: number;
}

/** The effect of a script. */
export interface ScriptCounts extends ScriptContent {
  /** Rows of its COPY statements. */
  readonly rows: number;
}

// Faults of a script that one message names.
const most = 20;
// Bytes of statements that go to the server at once.
const batchSize = 1 << 20;

/**
 * Reads a script to its end and has the server's grammar read its statements. Nothing runs.
 * @throws Problem `script_refused` with all that cannot run; `invalid_sql`; of the text
 */
export async function checkScript(
  connection: ServerConnection,
  text: AsyncIterable<Buffer>,
  { file, ...use }: ScriptUse & { readonly file: string },
): Promise<ScriptContent> {
  const reader = new ScriptReader(text, refuseScript(file));
  const rules = new ScriptRules(use);
  const faults: string[] = [];
  const batch = new PartBatch(file, (parts) => connection.script.parse(parts));
  let [statements, copies] = [0, 0];
  // By the settings of this session, which may differ from those of the script.
  let isReadable = true;
  for (let part = await reader.next(); part !== null; part = await reader.next()) {
    const verdict = rules.judge(part);
    if (verdict.is === 'refuse' && faults.push(`line ${verdict.line}: ${verdict.reason}`) === most) break;
    if (verdict.is === 'rows') for await (const _ of reader.rows());
    if (verdict.is === 'run' || verdict.is === 'rows') statements++;
    if (verdict.is === 'rows') copies++;
    reader.standardStrings = standardStringsAfter(part, reader.standardStrings);
    isReadable &&= reader.standardStrings && /^(utf-?8|unicode)$/i.test(encodingIn(part) ?? 'utf8');
    if (isReadable && faults.length === 0 && verdict.is !== 'skip' && isOnlyRead(part)) await batch.add(part);
  }
  const last = rules.end();
  if (last.is === 'refuse') faults.push(`line ${last.line}: ${last.reason}`);
  if (faults.length > 0) throw new Problem('script_refused', { file, faults });
  await batch.send();
  return { statements, copies };
}

// Statements that the server does not analyse before they run: it only reads them.
function isOnlyRead({ head }: ScriptPart): boolean {
  const [first = '', second, ...rest] = head;
  if (first !== 'create') return /^(alter|comment|copy|do|drop|grant|revoke|set)$/.test(first);
  const fillsTable = [second, ...rest.slice(0, 2)].includes('table') && rest.includes('as');
  return second !== 'materialized' && !fillsTable;
}

function standardStringsAfter({ head }: ScriptPart, before: boolean): boolean {
  if (head[0] !== 'set' || !head.includes('standard_conforming_strings')) return before;
  return !['off', 'false', '0'].includes(head.at(-1) ?? '');
}

/**
 * Runs a script. Each statement goes to the server in a message of its own, so none can hide another one.
 * @throws Problem `script_refused`; of the statements, with file and line; of the text
 */
export async function runScript(
  connection: ServerConnection,
  text: AsyncIterable<Buffer>,
  { file, ...use }: ScriptUse & { readonly file: string },
): Promise<ScriptCounts> {
  const { script } = connection;
  const refuse = refuseScript(file);
  const reader = new ScriptReader(text, refuse);
  const rules = new ScriptRules(use);
  const batch = new PartBatch(file, (parts) => script.run(parts));
  let [statements, copies, count] = [0, 0, 0];
  const next = () => {
    reader.standardStrings = script.reported('standard_conforming_strings') !== 'off';
    return reader.next();
  };
  for (let part = await next(); part !== null; part = await next()) {
    const verdict = rules.judge(part);
    if (verdict.is === 'refuse') throw refuse(verdict.line, verdict.reason);
    if (verdict.is === 'skip') continue;
    statements++;
    if (verdict.is === 'run') {
      await batch.add(part);
      if (mayChangeSettings(part)) await batch.send();
    } else {
      await batch.send();
      count += await copyRows(connection, file, part, reader);
      copies++;
    }
    const unfit = judgeEncoding(script.reported('client_encoding'));
    if (unfit !== null) throw refuse(part.line, unfit);
  }
  await batch.send();
  const last = rules.end();
  if (last.is === 'refuse') throw refuse(last.line, last.reason);
  return { statements, copies, rows: count };
}

async function copyRows(
  { script }: ServerConnection,
  file: string,
  part: ScriptPart,
  reader: ScriptReader,
): Promise<number> {
  if (part.isLast) throw refuseScript(file)(part.line, 'the script ends inside of the rows of COPY');
  try {
    // The message of a COPY may contain several statements. The server's grammar finds one alone.
    await script.parse([part.sql]);
    return await script.copyIn(part.sql, reader.rows());
  } catch (thrown) {
    throw locateIn(file, part, thrown);
  }
}

// The next statement may be read otherwise after these, as psql would.
function mayChangeSettings({ head }: ScriptPart): boolean {
  const [first = '', ...rest] = head;
  if (/^(insert|create|alter|comment|grant|revoke|drop|update|delete)$/.test(first)) return false;
  return !/^select pg_catalog \. (setval|lo_\w+|lowrite) \( \)$/.test([first, ...rest].join(' '));
}

// Statements that go to the server together.
class PartBatch {
  readonly #file: string;
  readonly #take: (statements: readonly Uint8Array[]) => Promise<void>;
  #parts: ScriptPart[] = [];
  #size = 0;

  constructor(file: string, take: (statements: readonly Uint8Array[]) => Promise<void>) {
    this.#file = file;
    this.#take = take;
  }

  async add(part: ScriptPart): Promise<void> {
    this.#parts.push(part);
    // A message has more bytes than its statement.
    this.#size += part.sql.length + 100;
    if (this.#size > batchSize) await this.send();
  }

  async send(): Promise<void> {
    const parts = this.#parts;
    this.#parts = [];
    this.#size = 0;
    try {
      await this.#take(parts.map(({ sql }) => sql));
    } catch (thrown) {
      const { completed = 0 } = (thrown as { data?: Partial<Refused> }).data ?? {};
      throw locateIn(this.#file, parts[completed], thrown);
    }
  }
}

// The problem of a statement, with its place in the file.
function locateIn(file: string, part: ScriptPart | undefined, thrown: unknown): unknown {
  if (part === undefined || !(thrown instanceof Problem) || !('sqlstate' in thrown.data)) return thrown;
  const { position } = thrown.data;
  const place = locate(file, part.sql.subarray(0, 1 << 20).toString(), position ?? 0);
  const where = { ...place, line: place.line + part.line - 1 };
  return new Problem(thrown.code, thrown.data, { where, cause: thrown });
}
