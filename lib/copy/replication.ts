// The replication that a target takes part in: what becomes of it when its content is replaced.

import type { ServerConnection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { PreflightCheck } from './preflight.ts';

interface Subscription {
  readonly name: string;
  readonly slot: string | null;
  /** False if the role cannot read it whole: such a subscription is not replaced. */
  readonly isReadable: boolean;
}

interface Replication {
  readonly subscriptions: readonly Subscription[];
  readonly publications: readonly string[];
  readonly slots: readonly string[];
}

const question = `select
  to_json(array(select json_build_object('name', subname, 'slot', subslotname,
      'isReadable', has_column_privilege('pg_subscription', 'subconninfo', 'select')) from pg_subscription
    where subdbid = d.oid order by subname)) as subscriptions,
  array(select pubname::text from pg_publication order by 1) as publications,
  array(select slot_name::text from pg_replication_slots where database = d.datname order by 1) as slots
  from pg_database d where d.datname = current_database()`;

/**
 * Warns of the replication of a target whose content is replaced in place; none: it takes part in none.
 * @param target its name, for messages
 * @param listComing lists the publications that it gets, or null, if they are unknown; null: its schema stays
 * @throws Problem of the connection
 */
export async function warnOfReplication(
  connection: ServerConnection,
  target: string,
  listComing: (() => Promise<readonly string[] | null>) | null,
): Promise<PreflightCheck[]> {
  const [row] = await queryPinned<Replication>(connection, question);
  const { subscriptions, publications, slots } = row as Replication;
  const rowsOnly = listComing === null;
  const coming = publications.length === 0 || rowsOnly ? publications : await listComing();
  const lost = publications.filter((one) => !coming?.includes(one));
  const unless = coming === null ? ', unless the backup has them' : '';
  const warning = (name: string, text: string): PreflightCheck => ({ name, outcome: 'warning', text });
  return [
    ...subscriptions.map((one) => warning('subscription', fateOf(target, one, rowsOnly))),
    ...(lost.length === 0
      ? []
      : [warning('publications', `${target} loses its own: ${lost.join(', ')}${unless}`)]),
    ...(slots.length === 0
      ? []
      : [
          warning(
            'replication slots',
            `readers of ${slots.join(', ')} receive every replaced row of ${target}`,
          ),
        ]),
  ];
}

function fateOf(target: string, { name, slot, isReadable }: Subscription, rowsOnly: boolean): string {
  if (rowsOnly) return `${name} of ${target} goes on, and may change the same rows`;
  if (!isReadable)
    return `${name} of ${target} stays: only a superuser may read it. Refresh it to fill the new tables`;
  const left = slot === null ? '' : `; its slot ${slot} stays on the publisher and keeps WAL: drop it there`;
  return `${name} of ${target} is dropped${left}`;
}
