// The differences between a database and the wanted schema.
import { formatCount } from '../lib/problem/amount.ts';
import { Command, Notice, Section, State } from './pieces.tsx';
import { asRecord, noteDownload } from './words.ts';

/** The state of a schema as mark and word. */
export function SchemaState({ inSync, changes }: { readonly inSync: boolean; readonly changes: number }) {
  return inSync ? (
    <State tone="good" icon="good" text="In sync" />
  ) : (
    <State tone="warn" icon="warn" text={`Out of sync: ${formatCount(changes, 'change')}`} />
  );
}

const headings = [
  ['missing', 'Missing in'],
  ['different', 'Different in'],
  ['extra', 'Not in the schema, extra in'],
] as const;

/**
 * A report of `db:status`.
 * @param report as JSON: it comes from the service, or from the result of a job
 */
export function SchemaChanges(props: { readonly report: unknown; readonly name: string }) {
  const { name } = props;
  const { inSync, changes, record, unmanaged, schema, objects } = asRecord(props.report);
  const all = listOf(changes).map(asRecord);
  const path = String(asRecord(schema).path);
  return (
    <Section
      id="schema"
      title="Schema"
      actions={<SchemaState inSync={inSync === true} changes={all.length} />}
    >
      <div class="card">
        <p>
          {inSync === true
            ? `${countObjects(objects)} of ${path} ${objects === 1 ? 'matches' : 'match'} ${name}.`
            : `${name} differs from ${path}.`}
        </p>
        {headings.map(([standing, title]) => (
          <Items
            key={standing}
            title={`${title} ${name}`}
            items={all.filter((one) => one.standing === standing).map(({ text }) => String(text))}
          />
        ))}
        <Migrations record={asRecord(record)} path={path} name={name} />
        <Items title="Not managed by pgmage" items={listOf(unmanaged)} />
      </div>
    </Section>
  );
}

/** The state of the migrations, each with the command that resolves it. */
function Migrations(props: {
  readonly record: Record<string, unknown>;
  readonly path: string;
  readonly name: string;
}) {
  const { record, path, name } = props;
  const { files, applied, appliedBy, outOfReach, pending, unrecorded, drift, faults } = record;
  if (typeof files !== 'number') return null;
  return (
    <>
      <p>
        Migrations: {files}
        {outOfReach === undefined
          ? `, applied: ${applied}`
          : `, for servers alone: ${outOfReach} cannot reach an embedded database`}
      </p>
      <Items title={`Not applied to ${name} (${appliedBy} applies them)`} items={listOf(pending)} />
      <Items
        title={`Changed in ${path}, but in no migration (db:generate writes one)`}
        items={textsOf(unrecorded)}
      />
      <Items title={`Drift in ${name} (db:pull --drift writes it into ${path})`} items={textsOf(drift)} />
      <Items title="Problems of the migrations (db:verify shows more)" items={listOf(faults)} />
    </>
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textsOf = (value: unknown) => listOf(value).map((one) => asRecord(one).text);

// More than this is slow, and hard to read.
const [mostItems, mostLines] = [200, 2_000];

function Items({ title, items }: { readonly title: string; readonly items: readonly unknown[] }) {
  if (items.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <ul class="items">
        {items.slice(0, mostItems).map((item) => (
          <li key={String(item)}>
            <code>{String(item)}</code>
          </li>
        ))}
      </ul>
      <Rest count={items.length - mostItems} of="difference" />
    </div>
  );
}

/** The number of the items that are left out; nothing where there are none. */
export function Rest(props: { readonly count: number; readonly of: string; readonly download?: string }) {
  const { count, of, download } = props;
  if (count <= 0) return null;
  return (
    <p class="small quiet">
      {formatCount(count, `more ${of}`)}.{' '}
      {download !== undefined && (
        <a href={download} download>
          Download JSON
        </a>
      )}
    </p>
  );
}

const looks: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed', '~': 'changed' };

/** The text of `db:diff`: each line begins with its sign, and the colour repeats it. */
export function Difference(props: {
  readonly text: string;
  /** Lines that the text lacks. */
  readonly omitted: number;
  readonly download: string;
  /** The environment. */
  readonly name: string;
}) {
  const { text, omitted, download, name } = props;
  if (text === '') return <Notice tone="good">No differences.</Notice>;
  const lines = text.split('\n');
  const shown = lines.slice(0, mostLines);
  const note = noteDownload(lines.length, omitted);
  return (
    <>
      <pre class="difference">
        {shown.map((line, index) => (
          <span key={index} class={looks[line.trimStart()[0] ?? '']}>
            {`${line}\n`}
          </span>
        ))}
      </pre>
      <Rest count={lines.length - shown.length + omitted} of="line" download={download} />
      {note !== '' && <p class="small quiet">{note}</p>}
      {note !== '' && <Command text={`npx pgmage db:diff --env ${name}`} />}
    </>
  );
}

const countObjects = (objects: unknown) => (objects === 1 ? 'The object' : `All ${objects} objects`);
