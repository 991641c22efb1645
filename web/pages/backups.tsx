// The backups: their age, size and proof, and what can be done with each.
import { formatBytes, formatCount } from '../../lib/problem/amount.ts';
import type {
  Accepted,
  BackupInfo,
  BackupList,
  DatabaseInfo,
  VerifyRequest,
} from '../../lib/service/schemas.ts';
import { AskedButton } from '../asked-button.tsx';
import { request } from '../client.ts';
import { Icon } from '../icons.tsx';
import { type Action, useAction, useLoad } from '../load.ts';
import { Command, Empty, Facts, Loading, Page, ProblemNotice, State } from '../pieces.tsx';
import { Link, openPage } from '../router.tsx';
import { useMay } from '../session.ts';
import { PruneButton, StorageUse } from '../storage.tsx';
import { Ago } from '../time.tsx';
import { Upload } from '../upload.tsx';
import { formatNumber } from '../words.ts';

/** The page `/backups`. */
export function BackupsPage() {
  const { data, problem, reload } = useLoad<BackupList>('/api/backups');
  const all = data?.backups;
  const may = useMay();
  return (
    <Page
      title="Backups"
      about={all && all.length > 0 && `${formatCount(all.length, 'backup')} in ${data?.folder}/.`}
      actions={
        <>
          {data && <PruneButton list={data} />}
          <Link class="button main" href="/new?kind=export">
            <Icon name="add" />
            New export
          </Link>
        </>
      }
    >
      {problem && <ProblemNotice problem={problem} />}
      {data && <StorageUse storage={data.storage} />}
      {all === undefined && !problem && <Loading what="backups" />}
      {all?.length === 0 && (
        <Empty title="No backups yet">
          <p>An export writes one. pgmage reads it again and compares it with the database.</p>
          <Command text="npx pgmage db:backup" />
        </Empty>
      )}
      {all !== undefined && all.length > 0 && <Backups all={all} changed={reload} />}
      {may('admin') && <Upload changed={reload} />}
    </Page>
  );
}

function Backups(props: { readonly all: readonly BackupInfo[]; readonly changed: () => void }) {
  const { all, changed } = props;
  const { data: databases = [] } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  return (
    <ul class="list">
      {all.map((one) => (
        <Backup
          key={one.file}
          backup={one}
          server={databases.find(({ name }) => name === one.environment)}
          changed={changed}
        />
      ))}
    </ul>
  );
}

interface BackupProps {
  readonly backup: BackupInfo;
  /** The database of which it is a backup; undefined: the configuration does not have it. */
  readonly server: DatabaseInfo | undefined;
  readonly changed: () => void;
}

function Backup({ backup, server, changed }: BackupProps) {
  const { file, faults, keep, left } = backup;
  return (
    <li class="stack">
      <div class="spread">
        <h2 class="name">{file}</h2>
        <div class="row">
          {keep && <State tone="quiet" icon="shield" text="Kept" />}
          <Proof backup={backup} />
        </div>
      </div>
      <BackupFacts backup={backup} />
      {faults.map((fault) => (
        <p key={fault} class="fault">
          <Icon name="bad" size={14} /> {fault}
        </p>
      ))}
      {left.length > 0 && (
        <details>
          <summary>{left.length} left out</summary>
          <ul>
            {left.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </details>
      )}
      <BackupActions backup={backup} server={server} changed={changed} />
    </li>
  );
}

function BackupFacts({ backup }: { readonly backup: BackupInfo }) {
  const { environment, format, server, started, bytes, rows, uploaded, why } = backup;
  return (
    <Facts
      flat
      facts={[
        ['Of', environment],
        [uploaded ? 'Uploaded' : 'Made', started && <Ago time={started} />],
        ['By', uploaded?.by],
        ['Size', formatBytes(bytes)],
        ['Rows', rows === null ? null : formatNumber(rows)],
        ['Format', format],
        ['Server', server && `PostgreSQL ${server.split(' ')[0]}`],
        ['Stays as', uploaded ? null : why.join(', ') || 'nothing: pruning deletes it'],
        ['SHA-256', uploaded && <code key="sum">{uploaded.sha256.slice(0, 16)}…</code>],
      ]}
    />
  );
}

const ways = { drill: 'Verified by a drill', read: 'Verified', checksum: 'Verified by checksum' } as const;

function Proof({ backup: { faults, verified, uploaded } }: { readonly backup: BackupInfo }) {
  if (uploaded !== null && faults.length === 0)
    return <State tone="quiet" icon="warn" text="Uploaded, without manifest" />;
  if (faults.length > 0) return <State tone="bad" icon="bad" text="Damaged" />;
  if (verified === null) return <State tone="warn" icon="warn" text="Not verified" />;
  return <State tone="good" icon="good" text={ways[verified.how]} />;
}

function BackupActions({ backup, server, changed }: BackupProps) {
  const { file, faults, format, uploaded } = backup;
  const may = useMay();
  const path = `/api/backups/${encodeURIComponent(file)}`;
  const verify = useAction(async (body: VerifyRequest) => {
    const { id } = await request<Accepted>('POST', `${path}/verify`, body);
    openPage(`/jobs/${id}`);
  });
  const drillServer = uploaded === null && server?.canBeTarget ? server : undefined;
  return (
    <>
      <div class="row">
        {may('run') && <ProofButtons file={file} verify={verify} drillServer={drillServer} />}
        {may('download') && format !== 'directory' && (
          <a class="button" href={`${path}/content`} download={file} aria-label={`Download ${file}`}>
            Download
          </a>
        )}
        {may(uploaded ? 'admin' : 'write') && faults.length === 0 && <RestoreLink backup={backup} />}
        {may('admin') && <DeleteButton file={file} path={path} changed={changed} />}
      </div>
      {verify.problem && <ProblemNotice problem={verify.problem} />}
    </>
  );
}

function RestoreLink({ backup: { file, uploaded } }: { readonly backup: BackupInfo }) {
  const query = new URLSearchParams({ kind: 'import', file, ...(uploaded && { withoutManifest: 'yes' }) });
  const word = uploaded ? 'Import' : 'Restore';
  return (
    <Link class="button" href={`/new?${query}`} aria-label={`${word} ${file}`}>
      {word}
    </Link>
  );
}

function DeleteButton(props: { readonly file: string; readonly path: string; readonly changed: () => void }) {
  const { file, path, changed } = props;
  const remove = useAction(async () => {
    await request('DELETE', path);
    changed();
  });
  return (
    <AskedButton
      word="Delete"
      name={file}
      about="The backup is deleted with its manifest. This cannot be undone."
      action={remove}
    />
  );
}

interface ProofProps {
  readonly file: string;
  readonly verify: Action<[VerifyRequest]>;
  /** The server for a drill; undefined: a drill would fail. */
  readonly drillServer: DatabaseInfo | undefined;
}

function ProofButtons({ file, verify, drillServer }: ProofProps) {
  return (
    <>
      <button
        type="button"
        aria-disabled={verify.isBusy}
        aria-label={`Verify ${file}`}
        title="Read the file completely and compare its checksum"
        onClick={() => verify.run({})}
      >
        Verify
      </button>
      {drillServer && <DrillButton file={file} verify={verify} server={drillServer} />}
    </>
  );
}

function DrillButton(props: Pick<ProofProps, 'file' | 'verify'> & { readonly server: DatabaseInfo }) {
  const { file, verify, server } = props;
  const on = server.name;
  if (server.protected)
    return (
      <AskedButton
        word="Drill"
        name={file}
        about={`The server of ${on} is protected. The drill makes a database on it and drops it again.`}
        action={{ ...verify, run: () => verify.run({ drill: true, on }) }}
      />
    );
  return (
    <button
      type="button"
      aria-disabled={verify.isBusy}
      aria-label={`Drill ${file}`}
      title="Restore it in a database of its own, compare, and drop that again"
      onClick={() => verify.run({ drill: true })}
    >
      Drill
    </button>
  );
}
