// The choices of a new job, by its kind. Each is a part of the address of the page.
import { useEffect } from 'preact/hooks';
import type { BackupList, DatabaseInfo } from '../lib/service/schemas.ts';
import { CheckField, SelectField, TextField } from './fields.tsx';
import { useLoad } from './load.ts';
import { Loading, ProblemNotice } from './pieces.tsx';
import type { NewKind } from './request-form.ts';
import { keepInAddress, usePlace } from './router.tsx';
import { useMay } from './session.ts';
import { formatTime } from './time.tsx';

interface ChoicesProps {
  readonly kind: NewKind;
  readonly databases: readonly DatabaseInfo[];
}

/** The fields of the form. */
export function Choices({ kind, databases }: ChoicesProps) {
  switch (kind) {
    case 'export':
      return <ExportChoices databases={databases} />;
    case 'import':
      return <ImportChoices databases={databases} />;
    case 'clone':
      return (
        <>
          <SourceChoice databases={databases} />
          <TargetChoice databases={databases} help="Its content is replaced, completely or not at all." />
          <Tables />
          <Flag name="dataOnly">Copy rows only: both databases have the same schema</Flag>
          <Flag name="swap">Fill a new database and exchange it for the target</Flag>
          <Flag name="noOwner">Leave owners and privileges to the role of the target</Flag>
          <BackupFirst />
        </>
      );
    default:
      return (
        <>
          <SourceChoice databases={databases} />
          <TargetChoice databases={databases} help="Its rows become equal to those of the source." />
          <Tables />
          <Flag name="keepDeleted">Keep rows that only the target has</Flag>
          <Flag name="complete">Compare all rows, also of tables with since: a plan always does</Flag>
          <BackupFirst />
        </>
      );
  }
}

function ImportChoices({ databases }: EndProps) {
  const may = useMay();
  const { query } = usePlace();
  const isScript = query.get('withoutManifest') === 'yes';
  const isAppended = isScript && query.get('append') === 'yes';
  const help = isAppended
    ? 'Its content stays. The script runs in it, in one transaction.'
    : 'Its content is replaced, completely or not at all.';
  return (
    <>
      <FileChoice isScript={isScript} />
      <TargetChoice databases={databases} help={help} />
      {may('admin') && <Flag name="withoutManifest">Without manifest: a dump that was made elsewhere</Flag>}
      {isScript && <Flag name="append">Append: keep the content, and run the script in it</Flag>}
      <Flag name="noOwner">Leave owners and privileges to the role of the target</Flag>
      <BackupFirst />
    </>
  );
}

interface EndProps {
  readonly databases: readonly DatabaseInfo[];
}

const readable = (databases: readonly DatabaseInfo[]) =>
  databases.map(({ name }) => ({ value: name, text: name }));

function SourceChoice({ databases }: EndProps) {
  return (
    <SelectField
      name="from"
      label="Source"
      options={readable(databases)}
      empty="Choose a source"
      help="It is only read."
      required
    />
  );
}

function TargetChoice({ databases, help }: EndProps & { readonly help: string }) {
  const options = databases.map(({ name, canBeTarget }) => ({
    value: name,
    text: canBeTarget ? name : `${name} (protected: no job writes to it)`,
    isOff: !canBeTarget,
  }));
  return (
    <SelectField name="to" label="Target" options={options} empty="Choose a target" help={help} required />
  );
}

function ExportChoices({ databases }: EndProps) {
  const { query } = usePlace();
  // A database that is the only one is chosen.
  const only = databases.length === 1 ? databases[0]?.name : undefined;
  const chosen = query.get('database');
  useEffect(() => {
    if (only !== undefined && !chosen) keepInAddress({ database: only });
  }, [only, chosen]);
  return (
    <>
      <SelectField
        name="database"
        label="Database"
        options={readable(databases)}
        empty="Choose a database"
        required
      />
      <SelectField
        name="format"
        label="Format"
        options={[
          { value: 'plain', text: 'plain: a script for psql' },
          { value: 'custom', text: 'custom: for pg_restore' },
          { value: 'native', text: "native: pgmage's own" },
        ]}
        empty="Automatic"
        help="pgmage restores each of them."
      />
      <Flag name="keep">Keep it: pruning never deletes this backup</Flag>
    </>
  );
}

// Without a manifest, any dump can be a script; with one, it must be believed.
function FileChoice({ isScript }: { readonly isScript: boolean }) {
  const { data, problem } = useLoad<BackupList>('/api/backups');
  if (problem) return <ProblemNotice problem={problem} />;
  if (data === undefined) return <Loading what="backups" />;
  const options = data.backups.map(({ file, environment, started, faults, uploaded }) => ({
    value: file,
    text: `${file}${environment ? `, of ${environment}` : ''}${started ? `, ${formatTime(started)}` : ''}`,
    isOff: !isScript && (faults.length > 0 || uploaded !== null),
  }));
  const help = options.length === 0 ? 'There is no backup yet. Start an export first.' : undefined;
  return (
    <SelectField name="file" label="Backup" options={options} empty="Choose a backup" help={help} required />
  );
}

function Tables() {
  return (
    <TextField
      name="tables"
      label="Tables (optional)"
      placeholder="users, shop.*"
      help="Separate names by commas. * matches any characters. Empty: all tables."
    />
  );
}

function Flag({ name, children }: { readonly name: string; readonly children: string }) {
  const { query } = usePlace();
  return (
    <CheckField name={name} isOn={query.get(name) === 'yes'} usual={false} other="yes">
      {children}
    </CheckField>
  );
}

// Only an administrator may leave the backup out.
function BackupFirst() {
  const may = useMay();
  const { query } = usePlace();
  if (!may('admin'))
    return (
      <p class="small quiet">If the target has rows, pgmage backs it up first and verifies the backup.</p>
    );
  return (
    <CheckField name="backupFirst" isOn={query.get('backupFirst') !== 'no'} usual={true} other="no">
      Back the target up first, if it has rows
    </CheckField>
  );
}
