// Statements of a script that run code of a table's owner for its rows: they run as that owner.
import { qualify } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readOwners, runAsOwner, type TableOwner } from './as-owner.ts';
import { type OwnerWrittenTables, readOwnerWrittenTables } from './row-writing.ts';

// As pg_dump and pgmage write them.
const name = '(?:"(?:[^"]|"")+"|[^\\s".(]+)';
const table = `(${name}\\.${name})`;
// Partitioned tables, without ONLY, have no NOT VALID until PostgreSQL 17.
const foreignKey = new RegExp(
  `^ALTER TABLE (?<only>ONLY )?${table}\\s+ADD CONSTRAINT (${name}) FOREIGN KEY .*?` +
    ` REFERENCES ${table}\\(.*(?<! NOT VALID);$`,
  's',
);
const check = new RegExp(
  `^ALTER TABLE (?:ONLY )?${table}\\s+ADD CONSTRAINT ${name} CHECK .*(?<! NOT VALID| NOT ENFORCED);$`,
  's',
);
const insert = new RegExp(`^INSERT INTO ${table} `);

/** Rows of one table, which wait to be written as its owner. */
interface WaitingInserts {
  readonly table: string;
  readonly owner: TableOwner;
  readonly statements: string[];
}

/** Knows the owners of what a script has made so far. */
export class OwnerStatements {
  readonly #connection: ServerConnection;
  #written: OwnerWrittenTables | undefined;
  #owners: ReadonlyMap<string, TableOwner> | undefined;
  #converts: boolean | undefined;
  #waiting: WaitingInserts | null = null;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
  }

  /** The tables that are written as their owners. All tables exist when the first rows come. */
  async written(): Promise<OwnerWrittenTables> {
    this.#written ??= await readOwnerWrittenTables(this.#connection);
    return this.#written;
  }

  /**
   * The statements to run instead of one, in their order; none while rows are collected.
   * @param flush sends what came before, where the server is asked about it
   * @throws Problem of the connection
   */
  async rewrite(sql: string, flush: () => Promise<void>): Promise<readonly string[]> {
    if (!/^(INSERT|ALTER TABLE) /.test(sql)) return [...this.rest(), sql];
    const [, into] = insert.exec(sql) ?? [];
    if (into !== undefined) return this.#insert(sql, into, flush);
    const isKey = foreignKey.test(sql);
    if (!isKey && !check.test(sql)) return [...this.rest(), sql];
    if (this.#owners === undefined) await flush();
    this.#owners ??= await readOwners(this.#connection);
    if (isKey) return [...this.rest(), await this.#validated(sql, this.#owners)];
    const owner = ownerOf(check.exec(sql)?.[1], this.#owners);
    return [...this.rest(), owner === undefined ? sql : `${runAsOwner(sql.replace(/;$/, ''), owner)};`];
  }

  /** The collected rows, as one statement. */
  rest(): readonly string[] {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting === null ? [] : [`${runAsOwner(waiting.statements.join('\n'), waiting.owner)};`];
  }

  async #insert(sql: string, into: string, flush: () => Promise<void>): Promise<readonly string[]> {
    if (this.#written === undefined) await flush();
    const key = qualify(identifiersIn(into));
    const owner = (await this.written()).get(key)?.owner;
    if (owner === undefined) return [...this.rest(), sql];
    const before =
      this.#waiting?.table === key && this.#waiting.statements.length < atOnce ? [] : this.rest();
    this.#waiting ??= { table: key, owner, statements: [] };
    this.#waiting.statements.push(sql);
    return before;
  }

  // A key looks at the rows that are there, and a function of the database may convert their values. It runs
  // as the owner only if each table that it names exists and belongs to its owner.
  async #validated(sql: string, owners: ReadonlyMap<string, TableOwner>): Promise<string> {
    this.#converts ??= await convertsValues(this.#connection);
    const [, only, table = '', key, other] = foreignKey.exec(sql) ?? [];
    const [owner, second] = [ownerOf(table, owners), ownerOf(other, owners)];
    if (!this.#converts || owner === undefined) return sql;
    const others = second === undefined || second === owner ? [] : [second];
    if (only === undefined) return `${runAsOwner(sql.replace(/;$/, ''), owner, others)};`;
    const work = `alter table ${table} validate constraint ${key}`;
    return `${sql.replace(/;$/, ' NOT VALID;')} ${runAsOwner(work, owner, others)};`;
  }
}

// Statements that one function runs.
const atOnce = 1000;

const ownerOf = (one: string | undefined, owners: ReadonlyMap<string, TableOwner>) =>
  one === undefined ? undefined : owners.get(qualify(identifiersIn(one)));

async function convertsValues(connection: ServerConnection): Promise<boolean> {
  const [row] = await connection.rows<{ converts: boolean }>(
    'select exists (select from pg_catalog.pg_cast where castfunc >= 16384) as converts',
  );
  return row?.converts ?? false;
}

/** The identifiers of a qualified name, or of a list. */
export const identifiersIn = (text: string): string[] =>
  (text.match(/"(?:[^"]|"")+"|[^\s",.]+/g) ?? []).map((one) =>
    one.startsWith('"') ? one.slice(1, -1).replaceAll('""', '"') : one,
  );
