// Between which servers clones are tried.
import { servers } from '../servers/running.ts';
import type { Server } from '../servers/server.ts';

export { withPair } from '../servers/databases.ts';

const all = servers();
/** A server of the oldest version under test. */
export const oldest = all[0] as Server;
/** And one of the newest. */
export const newest = all.at(-1) as Server;
/** From which to which a clone is tried. */
export const ways = [...new Set([oldest, newest])].flatMap((from) =>
  [...new Set([oldest, newest])]
    .filter((to) => to.major >= from.major)
    .map((to) => ({ from, to, name: `${from.major} → ${to.major}` })),
);
