// Whether a pair of schemas can be turned into one another by migration files, through the operations of
// db:sync and db:rollback on a real server.
import { rmSync } from 'node:fs';
import { kinds } from '../../../lib/kinds/index.ts';
import type { Catalog } from '../../../lib/model/catalog.ts';
import { makeDifference } from '../../../lib/model/diff.ts';
import { plan } from '../../../lib/plan/plan.ts';
import { holdsStatement } from '../../../lib/sql/psql-commands.ts';
import { freshCache } from '../../project/cache.ts';
import { type Project, project } from '../../project/project.ts';
import { derive } from '../../project/workspace.ts';
import { withDatabase } from '../../servers/databases.ts';
import { failed, migrate, type State, type Verdict } from '../judgement.ts';
import { type Bench, neither, type Pair, type Proof } from '../proof.ts';
import { describe, withSession } from '../session.ts';
import { type Outcome, passed } from '../summary.ts';
import { Filed, isBack, wantedState } from './place.ts';

// What is rolled back leaves dead rows behind in the shadow, and catalogs that grow are slow to read.
const pairsPerShadow = 50;

/** How pairs are walked. */
export interface Manner {
  /** Where the shadow is: on the server itself, a private server, or inside this process. */
  readonly shadow: 'server' | 'native' | 'embedded';
}

/**
 * Walks pairs one after the other in one project, whose shadow stays open from one to the next: by migrations
 * that nobody has to wait for, and where these are others, by plain ones too.
 * @param note is told of each
 */
export async function walkAll(
  bench: Bench,
  pairs: Iterator<Pair>,
  { shadow: where }: Manner,
  note: (outcome: Outcome) => void,
): Promise<void> {
  const cache = await freshCache();
  const plain = project(null, cache);
  const target = { name: 'local', url: null as string | null, protected: false };
  const shadow = where === 'server' ? bench.server.url() : where === 'native' ? 'native' : null;
  // After a refusal the rest of a workspace's work is embedded.
  const perShadow = where === 'native' ? 1 : pairsPerShadow;
  const some = async (): Promise<boolean> => {
    await using context = derive(plain.context, { shadow, environment: async () => target });
    const own: Project = { ...plain, context };
    for (let turn = 0; turn < perShadow; turn++) {
      const { value: pair, done } = pairs.next();
      if (done) return false;
      own.clear();
      const proof = await withDatabase(bench.server, ({ url, socket }) => {
        target.url = url;
        return withSession(socket, (session) => walk(bench, pair, own, new Filed(own, session)));
      });
      note({ name: pair.name, proof });
    }
    return true;
  };
  try {
    while (await some());
  } finally {
    plain.drop();
    rmSync(cache, { recursive: true, force: true });
  }
}

async function walk(bench: Bench, pair: Pair, own: Project, place: Filed): Promise<Proof> {
  const { initial } = bench.observer;
  let old: State;
  let wanted: State;
  try {
    old = await loaded(bench, pair, pair.old);
    wanted = await loaded(bench, pair, pair.new);
    await place.look();
  } catch (thrown) {
    return neither('not loadable', describe(thrown));
  }
  const before = `${pair.setup}\n${pair.old}`;
  if (holdsStatement(before)) {
    const { failure } = await migrate(place.want(before), old, initial);
    if (failure !== null) return neither(failure.reason, `the old schema: ${failure.detail}`);
  }
  const last = own.files().at(-1) ?? null;
  try {
    await place.load(pair.seed);
  } catch (thrown) {
    return neither('not loadable', `rows: ${describe(thrown)}`);
  }
  const start = await place.look();
  const there = async (online: boolean): Promise<Proof> => {
    const up = await migrate(place.want(`${pair.setup}\n${pair.new}`, online), wanted, initial);
    if (up.failure !== null) return { up, down: failed(up.failure.reason, 'the way there failed') };
    if ((own.files().at(-1) ?? null) === last) return { up, down: up };
    return { up, down: exact(await migrate(place.back(last), start, initial), start, place.state) };
  };
  const online = await there(true);
  if (!passed({ name: pair.name, proof: online }) || !isOther(start.catalog, wanted.catalog)) return online;
  for (const file of own.files().slice(own.files().indexOf(last ?? '') + 1)) own.remove(file);
  const { up, down } = await there(false);
  return { up: plainly(up), down: plainly(down) };
}

function isOther(before: Catalog, after: Catalog): boolean {
  const sql = (online: boolean) =>
    [
      plan({ difference: makeDifference(before, after, kinds), kinds, online }),
      plan({ difference: makeDifference(after, before, kinds), kinds, online }),
    ].map((steps) => steps.map((step) => step.sql));
  return JSON.stringify(sql(true)) !== JSON.stringify(sql(false));
}

const plainly = ({ failure, ...verdict }: Verdict): Verdict => ({
  ...verdict,
  failure: failure && { ...failure, detail: `plainly: ${failure.detail}` },
});

function exact(verdict: Verdict, start: State, end: State): Verdict {
  if (verdict.failure !== null || isBack(end, start)) return verdict;
  return failed('catalog differs', 'nothing differs, but the fingerprint', verdict.steps);
}

function loaded({ server }: Bench, { roles, cluster, setup }: Pair, schema: string): Promise<State> {
  const before = [...roles.map((role) => `create role "${role}"`), cluster];
  return wantedState(server, before, [setup, schema]);
}
