// The advice for a database with objects that no migration made.

/** The facts of such a database. */
export interface Unrecorded {
  /** Statements that rename ledgers of lost tenants. */
  readonly renames: readonly string[];
  /** The extensions, where it has nothing else; else empty. */
  readonly premade: readonly string[];
}

/** The advice for it. */
export function adviseRecord(of: Unrecorded & { readonly environment: string }): string {
  const names = of.premade.map((name) => `'extension:${name}'`).join(', ');
  if (of.premade.length > 0)
    return (
      'If only a superuser may create these extensions, leave them out of schema and migrations, in' +
      ` pgmage.config.ts: ignore: { objects: [${names}] }. A migration takes them as they are if it creates` +
      ' them in the same schema, with IF NOT EXISTS.'
    );
  return (
    `If ${of.environment} has the work of the migrations already, record them: db:sync --env` +
    ` ${of.environment} --baseline. That needs a database with all of their objects: leave other changes` +
    ' out of them, and write a later migration for these.' +
    (of.renames.length > 0 ? ` If a tenant was renamed, rename its ledger: ${of.renames.join(' or ')}` : '')
  );
}
