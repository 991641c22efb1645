// Every pair of the server's own types, changed there and back on hostile values as plans write it, on a real
// server.
import pg from 'pg';
import { kinds } from '../../lib/kinds/index.ts';
import { type Column, type ColumnFact, retype } from '../../lib/kinds/tables/column-commands.ts';
import { sampleValues } from '../../lib/migrate/sample-values.ts';
import { emptyCatalog } from '../../lib/model/empty-catalog.ts';
import type { Scope } from '../../lib/model/kind.ts';
import type { Hazard } from '../../lib/model/step.ts';

/** What a change of type did with the values that it accepts. */
export interface Trial {
  readonly from: string;
  readonly to: string;
  readonly hazards: readonly Hazard[];
  /**
   * How many values there were, and how many of them it accepts; null: the server knows no such conversion.
   */
  readonly given: number;
  readonly accepted: number | null;
  /** `before → after` of those that came back as others, or not at all. */
  readonly lost: readonly string[];
}

// What is written without a length has none.
const unlimited: Readonly<Record<string, string>> = { character: 'bpchar', bit: '"bit"' };

const variants = [
  ...['(12,4)', '(8,2)', '(20,0)', '(3,-2)', '(50,20)', '(6,0)', '(15,3)'].map((size) => `numeric${size}`),
  ...[3, 50, 100].flatMap((size) => [`character varying(${size})`, `character(${size})`]),
  ...['bit(1)', 'bit(8)', 'bit(16)', 'bit varying(4)', 'bit varying(64)', 'character(1)'],
  ...[0, 3].flatMap((digits) => [
    `timestamp(${digits}) without time zone`,
    `timestamp(${digits}) with time zone`,
    `time(${digits}) without time zone`,
    `time(${digits}) with time zone`,
    `interval(${digits})`,
  ]),
  ...['year', 'month', 'day', 'hour', 'minute', 'second(2)'].map((field) => `interval ${field}`),
  ...[
    'interval year to month',
    'interval day to hour',
    'interval day to second(2)',
    'interval hour to minute',
  ],
];

const elements = [
  ...['boolean', 'smallint', 'integer', 'bigint', 'numeric', 'numeric(4,1)', 'real', 'double precision'],
  ...['text', 'character varying(3)', 'character(3)', 'json', 'jsonb', 'date', 'uuid', 'bit varying(4)'],
  ...['box', 'int4range', 'numrange', 'int8multirange', 'interval second(2)', '"char"', 'name'],
  ...[
    'timestamp without time zone',
    'timestamp(0) without time zone',
    'timestamp with time zone',
    'interval',
  ],
];

const helpers = `
create function pg_temp.fitting(type text, samples text[]) returns text[] language plpgsql as $$
declare sample text; value text; found text[] := '{}';
begin
  foreach sample in array samples loop
    begin
      execute format('select format(''%%s'', %L::%s)', sample, type) into value;
      -- What rounds up to more than the type holds cannot be read again.
      execute format('select format(''%%s'', %L::%s)', value, type) into value;
      if not value = any(found) then found := found || value; end if;
    exception when others then null;
    end;
  end loop;
  return found;
end $$;
create function pg_temp.there_and_back(samples text[], source text, there text, back text) returns text
  language plpgsql as $$
declare before text; after text;
begin
  execute format('create table public.p (v %s)', source);
  execute format('insert into public.p select x::%s from unnest($1) x', source) using samples;
  execute $q$select string_agg(format('%L', v), ' ') from public.p$q$ into before;
  begin
    execute there;
  exception when others then
    raise exception using errcode = case when sqlstate in ('42846', '42804', '42883') then 'P0098'
    else 'P0099' end;
  end;
  execute back;
  execute $q$select string_agg(format('%L', v), ' ') from public.p$q$ into after;
  drop table public.p;
  return case when before is distinct from after then left(before, 60) || ' → ' || left(after, 60)
  else '' end;
end $$;
create function pg_temp.trial(samples text[], source text, there text, back text, chain text) returns jsonb
  language plpgsql as $$
declare sample text; fitting text[] := '{}'; lost text[] := '{}'; answer text; accepted int := 0; before text;
begin
  -- What is written out means the same without a table, which costs a hundred times as much.
  if chain is not null then
    foreach sample in array samples loop
      begin
        execute format('select format(''%%L'', %L::%s), format(''%%L'', (%L::%s)%s)', sample, source, sample,
        source,
          split_part(chain, '|', 1)) into before, answer;
        accepted := accepted + 1;
        execute format('select format(''%%L'', (%L::%s)%s)', sample, source, replace(chain, '|',
        '')) into answer;
      exception when others then
        if answer is null then continue; end if;
        answer := sqlerrm;
      end;
      if before is distinct from answer then lost := lost || (left(before, 60) || ' → ' || left(answer,
      60)); end if;
      answer := null;
    end loop;
    return jsonb_build_object('accepted', accepted, 'lost', lost);
  end if;
  begin
    if pg_temp.there_and_back(samples, source, there, back) = '' then
      return jsonb_build_object('accepted', cardinality(samples), 'lost', lost);
    end if;
  exception when sqlstate 'P0098' then return jsonb_build_object('accepted', null, 'lost', lost);
    when others then null;
  end;
  foreach sample in array samples loop
    begin
      accepted := accepted + 1;
      answer := pg_temp.there_and_back(array[sample], source, there, back);
      if answer <> '' then lost := lost || answer; end if;
    exception when sqlstate 'P0099' then accepted := accepted - 1;
      when others then lost := lost || (left(sample, 60) || ' → ' || sqlerrm);
    end;
  end loop;
  return jsonb_build_object('accepted', accepted, 'lost', lost);
end $$`;

/** A change of a column's type as a plan writes it. */
export function change(
  from: string,
  to: string,
): { readonly sql: string; readonly hazards: readonly Hazard[] } {
  const facts = new Map([['table:public.p', {}]]);
  const side = { ...emptyCatalog(18, kinds), facts };
  const scope = { before: side, after: side, major: 18, kinds } as unknown as Scope;
  const fact = (type: string): ColumnFact =>
    ({
      id: 'column:public.p.v',
      kind: 'column',
      path: ['public', 'p', 'v'],
      parent: 'table:public.p',
      origins: [],
      payload: { type, collation: null, generated: null } as unknown as Column,
    }) as unknown as ColumnFact;
  const { sql, hazards = [] } = retype(fact(from), fact(to), false, scope);
  return { sql, hazards };
}

// The casts of both ways, where both are written out.
function chained(...ways: readonly string[]): string | null {
  const casts = ways.map((sql) => / USING v(::.*)$/.exec(sql)?.[1]);
  return casts.includes(undefined) ? null : casts.join('|');
}

/** A session that tries changes of type. */
export class Matrix {
  readonly #client: pg.Client;
  readonly #samples = new Map<string, readonly string[]>();

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<Matrix> {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(`set client_min_messages = error; set timezone = 'Europe/Berlin'; ${helpers}`);
    const matrix = new Matrix(client);
    const { rows } = await client.query<{ name: string; typname: string }>(
      `select typname, format_type(oid, null) as name from pg_type
        where typnamespace = 'pg_catalog'::regnamespace
        and typname = any($1)`,
      [Object.keys(sampleValues)],
    );
    const samples = new Map(rows.map(({ name, typname }) => [name, sampleValues[typname] ?? []]));
    for (const [name, own] of samples) await matrix.#add(unlimited[name] ?? name, own);
    const of = (type: string) => samples.get(type.replace(/\([\d,-]+\)|(?<=^interval) .*/g, '')) ?? [];
    for (const type of variants) await matrix.#add(type, of(type));
    for (const type of elements) {
      const own = of(type).filter((value) => value.length < 60);
      const delimiter = type === 'box' ? ';' : ',';
      const arrays = own.map((value) => `{"${value.replace(/["\\]/g, '\\$&')}"${delimiter}NULL}`);
      await matrix.#add(`${type}[]`, [...arrays, '{}', '[0:1]={"1","2"}', '{{"1"},{"0"}}']);
    }
    return matrix;
  }

  async #add(type: string, samples: readonly string[]): Promise<void> {
    const { rows } = await this.#client.query(`select pg_temp.fitting($1, $2) as found`, [type, samples]);
    this.#samples.set(type, rows[0].found);
  }

  get types(): readonly string[] {
    return [...this.#samples.keys()];
  }

  async try(from: string, to: string): Promise<Trial> {
    const given = this.#samples.get(from) ?? [];
    const [there, back] = [change(from, to), change(to, from)];
    const { rows } = await this.#client.query('select pg_temp.trial($1, $2, $3, $4, $5) as trial', [
      given,
      from,
      there.sql,
      back.sql,
      chained(there.sql, back.sql),
    ]);
    return { from, to, hazards: there.hazards, given: given.length, ...rows[0].trial };
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}
