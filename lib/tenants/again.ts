// The commands that go on after a change of tenants that did not end.

/** Goes on with `db:sync`: the ledger of each tenant knows what is left. */
export const syncAgain = (environment: string): string => `db:sync --env ${environment}`;

/**
 * Goes on with `db:rollback`. It names the migration that stays: without it, a second run would undo one more
 * where all were done.
 * @param kept the migration's name; null: none stays
 */
export const rollbackAgain = (environment: string, kept: string | null): string =>
  `db:rollback ${kept ?? '0'} --env ${environment}`;
