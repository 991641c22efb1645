// When a trigger, an event trigger or a rule fires, as ALTER writes it.

/** ALTER's words for a firing state (manual: session_replication_role). `ENABLE` is what CREATE makes. */
export type Enablement = 'ENABLE' | 'DISABLE' | 'ENABLE REPLICA' | 'ENABLE ALWAYS';

/** SQL for the {@link Enablement} that the catalogs write as one letter (manual: pg_trigger.tgenabled). */
export function buildEnablement(column: string): string {
  return `case ${column} when 'O' then 'ENABLE' when 'D' then 'DISABLE' when 'R' then 'ENABLE REPLICA'
        when 'A' then 'ENABLE ALWAYS' end`;
}
