// Stages of a role that may not make temporary tables: unlogged tables of the schema pgmage, which the
// transaction drops at its end. No other session sees them.
import type { ServerConnection } from '../pg/connection.ts';

/** A session whose temporary tables are tables of the schema pgmage. */
export interface StageSchema {
  readonly session: ServerConnection;
  /** Drops them. @throws Problem of the connection */
  drop(): Promise<void>;
}

const temporary = 'pg_temp.pgmage_';
const own = 'pgmage.pgmage_';

/** Puts the stages of the open transaction into the schema pgmage. */
export function stageInSchema(connection: ServerConnection): StageSchema {
  const made = new Set<string>();
  const rewrite = (sql: string) => {
    if (!sql.includes(temporary)) return sql;
    const moved = sql
      .replaceAll(`create temporary table ${temporary}`, `create unlogged table ${own}`)
      .replaceAll(' on commit drop', '')
      .replaceAll(temporary, own);
    for (const [, name] of moved.matchAll(/create unlogged table (pgmage\.pgmage_\w+)/g))
      made.add(name as string);
    return moved;
  };
  return {
    session: {
      description: connection.description,
      major: connection.major,
      version: connection.version,
      backend: connection.backend,
      searchPath: connection.searchPath,
      get notices() {
        return connection.notices;
      },
      rows: (sql, parameters) => connection.rows(rewrite(sql), parameters),
      batch: (queries) => connection.batch(queries.map(rewrite)),
      stream: (queries, take) => connection.stream(queries.map(rewrite), take),
      execute: (sql) => connection.execute(rewrite(sql)),
      copyOut: (sql) => connection.copyOut(rewrite(sql)),
      copyIn: (sql, pieces) => connection.copyIn(rewrite(sql), pieces),
      script: connection.script,
      close: () => connection.close(),
    },
    drop: () => connection.execute([...made].map((name) => `drop table if exists ${name}`).join('; ')),
  };
}
