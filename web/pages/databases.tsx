// The databases: address, version, size, protection, and the last backup, sync and schema check of each.

import { useEffect } from 'preact/hooks';
import { formatBytes } from '../../lib/problem/amount.ts';
import type {
  BackupList,
  DatabaseInfo,
  ServiceJob as Job,
  Jobs,
  TestResult,
} from '../../lib/service/schemas.ts';
import { SchemaState } from '../changes.tsx';
import { request } from '../client.ts';
import { isConfigured, NoDatabases } from '../first-steps.tsx';
import { useAction, useLoad } from '../load.ts';
import { Facts, Loading, Page, ProblemNotice, State } from '../pieces.tsx';
import { Link } from '../router.tsx';
import { Ago } from '../time.tsx';
import { asRecord } from '../words.ts';

/** The page `/databases`. */
export function DatabasesPage() {
  const { data, problem, reload } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  const backups = useLoad<BackupList>('/api/backups');
  const done = useLoad<Jobs>('/api/jobs?state=done&limit=200');
  const look = useFirstLooks(data, reload);
  return (
    <Page title="Databases" about="The environments of this project. The page never shows a password.">
      {problem && <ProblemNotice problem={problem} />}
      {look.problem && <ProblemNotice problem={look.problem} />}
      {data === undefined && !problem && <Loading what="databases" />}
      {data && !data.some(isConfigured) && <NoDatabases />}
      {data !== undefined && data.length > 0 && (
        <ul class="tiles">
          {data.map((one) => (
            <Database
              key={one.name}
              database={one}
              backups={backups.data?.backups ?? []}
              jobs={done.data?.jobs ?? []}
              changed={reload}
            />
          ))}
        </ul>
      )}
    </Page>
  );
}

const testConnection = (name: string) => request<TestResult>('POST', '/api/databases/test', { name });

// The version and the size of each database that the service has not seen yet: one connection, one query, one
// after the other. After a request that fails, no other one follows.
function useFirstLooks(databases: readonly DatabaseInfo[] | undefined, changed: () => void) {
  const unseen = databases?.find((one) => isConfigured(one) && one.reachable === null)?.name;
  const look = useAction(async (name: string) => {
    await testConnection(name);
    changed();
  });
  useEffect(() => {
    if (unseen !== undefined) void look.run(unseen);
  }, [unseen, look.run]);
  return look;
}

interface DatabaseProps {
  readonly database: DatabaseInfo;
  readonly backups: BackupList['backups'];
  /** The jobs that are done, newest first. */
  readonly jobs: readonly Job[];
  readonly changed: () => void;
}

function Database(props: DatabaseProps) {
  const { name, problem } = props.database;
  return (
    <li class="card">
      <div class="spread">
        <h2>{name}</h2>
        <div class="row">
          {props.database.protected && <State tone="warn" icon="shield" text="Protected" />}
          <Reachability database={props.database} />
        </div>
      </div>
      <DatabaseFacts {...props} />
      {problem && <ProblemNotice problem={problem} />}
      <DatabaseActions {...props} />
    </li>
  );
}

function DatabaseFacts({ database, backups, jobs }: DatabaseProps) {
  const { name, address, reachable, embedded } = database;
  const backup = backups
    .filter(({ environment, started, faults }) => environment === name && started && faults.length === 0)
    .map(({ started }) => started as string)
    .sort()
    .at(-1);
  const sync = jobs.find(({ kind, to }) => to === name && (kind === 'clone' || kind === 'data'));
  const drift = jobs.find(({ kind, from }) => kind === 'drift' && from === name);
  return (
    <Facts
      facts={[
        ['Address', address ? <code key="address">{address}</code> : 'no URL is configured'],
        ['Server', serverOf(database)],
        ['Size', reachable === true ? sizeOf(database) : null],
        ['Last backup', embedded === null ? backup ? <Ago time={backup} /> : 'none' : null],
        ['Last sync', sync && <Ago time={sync.endedAt ?? sync.createdAt} />],
        ['Schema', drift ? <CheckedSchema job={drift} /> : 'not checked yet'],
      ]}
    />
  );
}

function serverOf({ name, server, embedded }: DatabaseInfo) {
  if (embedded === 'made') return 'none: PostgreSQL runs inside pgmage';
  if (embedded === null) return server && `PostgreSQL ${server}`;
  return (
    <span key="server">
      none: the first command makes it, such as <code>npx pgmage db:sync --env {name}</code>
    </span>
  );
}

const sizeOf = ({ bytes }: DatabaseInfo) => (bytes === null ? 'not known' : formatBytes(bytes));

function DatabaseActions({ database, changed }: DatabaseProps) {
  const { name, address } = database;
  const test = useAction(async () => {
    await testConnection(name);
    changed();
  });
  const path = encodeURIComponent(name);
  if (address === null) return null;
  return (
    <>
      {test.problem && <ProblemNotice problem={test.problem} />}
      <div class="row">
        {isConfigured(database) && (
          <button
            type="button"
            aria-disabled={test.isBusy}
            aria-label={`Test connection to ${name}`}
            onClick={test.run}
          >
            {test.isBusy ? 'Connecting…' : 'Test connection'}
          </button>
        )}
        <Link class="button" href={`/databases/${path}`} aria-label={`Schema of ${name}`}>
          Schema
        </Link>
        <Link class="button" href={`/databases/${path}/documents`} aria-label={`Documents of ${name}`}>
          Documents
        </Link>
        {isConfigured(database) && (
          <Link class="button" href={`/new?kind=export&database=${path}`} aria-label={`Export ${name}`}>
            Export
          </Link>
        )}
      </div>
    </>
  );
}

function CheckedSchema({ job }: { readonly job: Job }) {
  const { inSync, changes } = asRecord(job.result);
  return (
    <span class="row">
      <SchemaState inSync={inSync === true} changes={Array.isArray(changes) ? changes.length : 0} />
      <span class="small quiet">
        <Ago time={job.endedAt ?? job.createdAt} />
      </span>
    </span>
  );
}

function Reachability({ database }: { readonly database: DatabaseInfo }) {
  const { reachable, address, embedded } = database;
  if (embedded !== null && reachable === null)
    return <State tone="quiet" icon="waiting" text={embedded === 'made' ? 'Embedded' : 'Not made yet'} />;
  if (address === null) return <State tone="quiet" icon="stopped" text="Not configured" />;
  if (reachable === null) return <State tone="quiet" icon="waiting" text="Not tested" />;
  return reachable ? (
    <State tone="good" icon="good" text="Reachable" />
  ) : (
    <State tone="bad" icon="bad" text="Not reachable" />
  );
}
