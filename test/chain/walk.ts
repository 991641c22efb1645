// A random walk over schemas as one chain of migrations: applied one after the other, rolled back to the
// middle, and forward again, with the same fingerprint at the same place each time.
import { rmSync } from 'node:fs';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { readVersion } from '../../lib/migration/name.ts';
import { diff } from '../../lib/model/diff.ts';
import type { Fact } from '../../lib/model/fact.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { isBack, stateOf, wantedState } from '../proof/files/place.ts';
import type { State } from '../proof/judgement.ts';
import { describe, load, withSession } from '../proof/session.ts';
import { draw, seedOf } from '../random/campaign.ts';
import type { Schema } from '../random/grammar.ts';
import { render, roles, setup } from '../random/rendering.ts';
import { withDatabase } from '../servers/databases.ts';
import type { Server } from '../servers/server.ts';
import { neighbour } from './neighbour.ts';

/** What to walk. */
export interface Walk {
  readonly seed: number;
  /** At least so many migrations. */
  readonly length: number;
}

/** A place where the walk stopped: what was wanted there, and what the database was. */
interface Stop {
  readonly schema: string;
  /** How many migrations lead here. */
  readonly count: number;
  readonly state: State;
}

/** What came of a walk. */
export interface Findings {
  readonly migrations: number;
  /** How often the fingerprint of a stop was compared. */
  readonly compared: number;
  readonly failures: readonly string[];
}

// A shadow that has seen as many states is slow to read.
const stepsPerShadow = 20;
// One choice in so many is made anew at each step.
const rarity = 12;
const consent = { yes: true, force: true };

/** Walks. @param note is told of each stop, in words */
export async function walkChain(
  server: Server,
  { seed, length }: Walk,
  note: (text: string) => void = () => undefined,
): Promise<Findings> {
  const cache = await freshCache();
  const failures: string[] = [];
  let compared = 0;
  const fail = (text: string) => {
    failures.push(text);
    note(`FAILED ${text}`);
  };
  return withDatabase(server, async ({ url, socket }) => {
    const own = project(url, cache);
    own.clear();
    const look = () => withSession(socket, stateOf);
    const stops: Stop[] = [{ schema: '', count: 0, state: await look() }];
    const check = async ({ count, state }: Stop, way: string) => {
      compared++;
      const now = await look();
      if (isBack(now, state)) note(`${way} at ${count}`);
      else fail(`${way} at ${count}: another fingerprint: ${otherwise(now, state).join('; ')}`);
    };
    // Whatever comes later waits outside of the folder.
    const later = new Map<string, string>();
    let at: Schema | null = null;
    const forward = async (context: Workspace, step: number): Promise<boolean> => {
      if (own.files().length >= length) return false;
      const before = own.files().length;
      const next = after(at, seed, step);
      const schema = `${setup}\n${render(next)}`;
      try {
        own.want(schema);
        await sync(context, consent, undefined);
      } catch (thrown) {
        // The walk goes on from where it was.
        fail(`step ${step}: ${describe(thrown)}`);
        return step < length * 2;
      }
      at = next;
      const count = own.files().length;
      if (count === before) return true;
      const reached = await look();
      for (const line of await differing(server, schema, reached)) fail(`step ${step}: ${line}`);
      stops.push({ schema, count, state: reached });
      note(`step ${step}: ${own.files().slice(before).join(', ')}`);
      return true;
    };
    try {
      await withSession(socket, (session) =>
        load(session, roles.map((role) => `create role ${role};`).join('\n')),
      );
      await inTurn(own, forward);
      const middle = Math.floor(stops.length / 2);
      const migrations = own.files().length;
      await inTurn(own, async (context, turn) => {
        const stop = stops[stops.length - 2 - turn];
        if (stop === undefined || stops.length - 2 - turn < middle) return false;
        const last = own.files()[stop.count - 1];
        const version = last === undefined ? '0' : readVersion(last);
        await rollback(context, { ...consent, version }, undefined);
        for (const file of own.files().slice(stop.count)) {
          later.set(file, own.read(file));
          own.remove(file);
        }
        await check(stop, 'back');
        return true;
      });
      await inTurn(own, async (context, turn) => {
        const stop = stops[middle + 1 + turn];
        if (stop === undefined) return false;
        const files = [...later.keys()].sort().slice(0, stop.count - own.files().length);
        for (const file of files) {
          own.write(file, later.get(file) as string);
          later.delete(file);
        }
        own.want(stop.schema);
        const { applied, written } = await sync(context, consent, undefined);
        if (written.length > 0 || applied?.length !== files.length)
          fail(`again at ${stop.count}: ${applied?.length} applied, ${written.length} written`);
        await check(stop, 'again');
        return true;
      });
      return { migrations, compared, failures };
    } finally {
      own.drop();
      rmSync(cache, { recursive: true, force: true });
    }
  });
}

// Steps until one says that it was the last, a fresh shadow for every so many.
async function inTurn(
  { context: { project, world } }: Project,
  step: (context: Workspace, turn: number) => Promise<boolean>,
): Promise<void> {
  for (let turn = 0, going = true; going; ) {
    await using context = openWorkspace(project, world);
    for (const end = turn + stepsPerShadow; going && turn < end; turn++) going = await step(context, turn);
  }
}

// The schema after another: its neighbour, by the choices of a drawn one.
function after(schema: Schema | null, seed: number, step: number): Schema {
  const [drawn] = draw(seed, step);
  let asked = 0;
  const chance = () => (seedOf(seed + step, asked++) >>> 0) % rarity === 0;
  return schema === null ? drawn : neighbour(schema, drawn, chance);
}

// Fact by fact as fingerprints are made, so also where a comparison leaves something open.
function otherwise({ catalog: now }: State, { catalog: then }: State): string[] {
  const told = (facts: ReadonlyMap<string, Fact>, id: string) =>
    JSON.stringify(facts.get(id)?.payload ?? null);
  return [...new Set([...now.facts.keys(), ...then.facts.keys()])]
    .filter((id) => told(now.facts, id) !== told(then.facts, id))
    .map((id) => `${id} is ${told(now.facts, id)}, was ${told(then.facts, id)}`);
}

// What a server makes of a schema by itself, against what the migrations made.
async function differing(server: Server, schema: string, reached: State): Promise<string[]> {
  const wanted = await wantedState(server, [], [schema]);
  const { added, removed, changed } = diff(reached.catalog, wanted.catalog, kinds);
  return [
    ...added.map(({ id }) => `missing ${id}`),
    ...removed.map(({ id }) => `too many ${id}`),
    ...changed.flatMap(({ from, to, attributes }) =>
      attributes.map(
        (name) =>
          `${name} of ${to.id} is ${JSON.stringify(from.payload[name])}, wanted` +
          ` ${JSON.stringify(to.payload[name])}`,
      ),
    ),
  ];
}
