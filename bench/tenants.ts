// How time and memory grow with the number of tenants: databases of one server, or schemas of one database,
// that have the same objects.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { query } from '../test/servers/server.ts';
import { loopSchema } from './loop.ts';
import { type Measured, once, race } from './measure.ts';
import type { Desk, Part } from './parts.ts';
import { makePlace } from './places.ts';
import { type Line, median, type Ratio } from './table.ts';

// Megabytes, however many tenants there are.
const mostMemory = 400;
// The time of one tenant among many, in that of one among few.
const growth = 1.2;

/** What tenants can be. */
export type TenantForm = 'databases' | 'schemas';

/** Measures db:status and db:sync for so many tenants, one number after the other. */
export const tenants =
  (counts: readonly number[], form: TenantForm): Part =>
  async (desk) => {
    const lines: Line[] = [];
    const first = new Map<string, number>();
    for (const count of counts)
      for (const { what, measured } of await measureTenants(desk, count, form)) {
        const each = median(measured.times) / count;
        const few = first.get(what) ?? each;
        first.set(what, few);
        const part = `tenants ${desk.server.major}`;
        lines.push({ part, measured, ratio: perTenant(measured, count, few) });
      }
    return lines;
  };

interface Found {
  readonly what: string;
  readonly measured: Measured;
}

async function measureTenants(desk: Desk, count: number, form: TenantForm): Promise<Found[]> {
  const { rounds } = desk;
  const prefix = `tenants_${count}`;
  const { url, rule, drop } = await fill[form](desk, prefix, count);
  const place = makePlace(desk, 'embedded', { name: prefix, url, text: loopSchema(0) });
  const shops = `{ url: process.env.DATABASE_URL, ${rule} }`;
  writeFileSync(
    join(place.root, 'pgmage.config.mjs'),
    `export default { environments: { shops: ${shops} } };\n`,
  );
  const title = (what: string) => `${what}, ${count} ${form}`;
  const words = {
    baseline: 'db:sync --env shops --yes --baseline',
    status: 'db:status --env shops --check',
    sync: 'db:sync --env shops --yes',
  };
  const baseline = await once(place.program(title('db:sync --baseline'), words.baseline));
  let edits = 0;
  const prepare = async () => place.write(loopSchema(++edits));
  // Much takes minutes, and varies little.
  const often = count > 100 ? 1 : Math.min(rounds, 3);
  const [status] = await race([place.program(title('db:status'), words.status)], often, true);
  const [sync] = await race([place.program(title('db:sync'), words.sync, { prepare })], often, true);
  await drop();
  return [
    { what: 'baseline', measured: baseline },
    { what: 'status', measured: status as Measured },
    { what: 'sync', measured: sync as Measured },
  ];
}

/** Tenants that were made, and how a configuration lists them. */
interface Filled {
  readonly url: string;
  readonly rule: string;
  drop(): Promise<void>;
}

const namesOf = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}_shop_${String(at).padStart(5, '0')}`);

const fill: Readonly<Record<TenantForm, (desk: Desk, prefix: string, count: number) => Promise<Filled>>> = {
  async databases({ server }, prefix, count) {
    const template = `${prefix}_template`;
    await query(server.socket(), `create database ${template} template template0 strategy file_copy`);
    await query(server.url(template), loopSchema(0));
    const names = namesOf(prefix, count);
    for (const name of names)
      await query(server.socket(), `create database ${name} template ${template} strategy file_copy`);
    return {
      url: server.url(template),
      rule: `databases: '${prefix}_shop_*'`,
      drop: async () => {
        for (const name of [...names, template]) await query(server.socket(), `drop database ${name}`);
      },
    };
  },
  async schemas({ server }, prefix, count) {
    await query(server.socket(), `create database ${prefix} template template0 strategy file_copy`);
    for (const name of namesOf(prefix, count))
      await query(
        server.url(prefix),
        `create schema ${name}; set search_path = ${name}; ${loopSchema(0)}; reset search_path`,
      );
    return {
      url: server.url(prefix),
      rule: `schemas: '${prefix}_shop_*'`,
      drop: async () => {
        await query(server.socket(), `drop database ${prefix}`);
      },
    };
  },
};

function perTenant({ times, peak }: Measured, count: number, few: number): Ratio {
  const isSmall = peak === null || peak <= mostMemory * 2 ** 20;
  return {
    values: times.map((time) => time / count / few),
    promise: `≤ ${growth} × of few, each; ≤ ${mostMemory} MB`,
    kept: (value) => value <= growth && isSmall,
  };
}
