// Functions that writing to a partial copy runs: of what they use, the server knows nothing.
import { listTables } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { tableId } from '../kinds/named-objects.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import type { PreflightCheck, SelectedPart } from './preflight.ts';

const mostNames = 10;

/**
 * Warns of triggers of a copy that lacks tables of the source, which their functions may use.
 * @returns none if all tables are copied
 * @throws Problem of the connection
 */
export async function warnOfFiredFunctions(
  source: ServerConnection,
  part: SelectedPart,
): Promise<PreflightCheck[]> {
  const catalog = await part();
  if (catalog === null) return [];
  const fired = [...catalog.facts.values()].flatMap((fact) => {
    const kind = kinds.get(fact.kind);
    return kind?.data?.firesFunction ? [kind.reference(fact)] : [];
  });
  if (fired.length === 0) return [];
  const tables = await snapshot(source, listTables);
  const isPartial = tables.some(
    ({ name, extension }) => extension === null && !catalog.facts.has(tableId(name)),
  );
  if (!isPartial) return [];
  const more = fired.length > mostNames ? ` and ${fired.length - mostNames} more` : '';
  const text =
    'functions of copied triggers may use tables that are not copied. Check them before you write to these' +
    ` tables: ${fired.sort().slice(0, mostNames).join(', ')}${more}`;
  return [{ name: 'triggers', outcome: 'warning', text }];
}
