// The first thing to do, where there is no job yet or nothing is configured.
import type { DatabaseInfo } from '../lib/service/schemas.ts';
import { useLoad } from './load.ts';
import { Command, Empty, Loading, ProblemNotice } from './pieces.tsx';
import { Link } from './router.tsx';

const files = ['prod', 'staging'].map((name) => `echo 'DATABASE_URL=postgres://…' > .env.${name}`).join('\n');

/** Shown instead of an empty list of jobs. */
export function FirstSteps() {
  const { data, problem } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  if (problem) return <ProblemNotice problem={problem} />;
  if (data === undefined) return <Loading what="databases" />;
  const names = data.filter(isConfigured).map(({ name }) => name);
  return names.length === 0 ? <NoDatabases /> : <FirstJob names={names} />;
}

/** True for a database of a server. Without any URL, a project has the embedded database alone. */
export function isConfigured({ address, embedded }: DatabaseInfo): boolean {
  return address !== null && embedded === null;
}

/** The steps to a first database, where none is configured. */
export function NoDatabases() {
  return (
    <Empty title="Connect a database first">
      <p>pgmage knows no database of this project yet. Each database gets a name, such as prod or staging.</p>
      <ol>
        <li>
          <p>
            Write the URL of each database into a file of its own, in the folder of the project. Keep these
            files out of Git. The URLs never appear on this page.
          </p>
          <pre class="difference">{files}</pre>
        </li>
        <li>
          <p>Start the service again:</p>
          <Command text="npx pgmage serve" />
        </li>
      </ol>
    </Empty>
  );
}

function FirstJob({ names }: { readonly names: readonly string[] }) {
  return (
    <Empty title="No jobs yet">
      <p>Begin with an export: pgmage writes a verified backup of a database and changes nothing in it.</p>
      <div class="row">
        {names.map((name) => (
          <Link key={name} class="button" href={`/new?kind=export&database=${encodeURIComponent(name)}`}>
            Export {name}
          </Link>
        ))}
      </div>
      <p>The command for the same export in a terminal:</p>
      <Command text={`npx pgmage db:backup --env ${names[0]}`} />
    </Empty>
  );
}
