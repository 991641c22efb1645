// The result of a job that is done, by its kind.
import { formatCount } from '../lib/problem/amount.ts';
import type { ServiceJob as Job } from '../lib/service/schemas.ts';
import { SchemaChanges } from './changes.tsx';
import { Facts, Section, State } from './pieces.tsx';
import { Link } from './router.tsx';
import { useMay } from './session.ts';
import { asRecord, formatNumber, resultOf } from './words.ts';

/** The result; nothing for a job that is not done. */
export function Result({ job }: { readonly job: Job }) {
  if (job.state !== 'done') return null;
  const of = asRecord(job.result);
  if (job.kind === 'drift') return <SchemaChanges report={of} name={job.from ?? ''} />;
  return (
    <Section id="result" title="Result">
      <div class="card">
        <Facts
          facts={[
            ['Verified', isVerified(job) && <State tone="good" icon="good" text="By content" />],
            ['Amount', resultOf(job)],
            ['File', typeof of.file === 'string' && job.kind === 'export' && <File name={of.file} />],
            ['Undo file', asText(asRecord(of.run).undoFile)],
          ]}
        />
        <Tables rows={tablesOf(job)} />
        <Notes notes={notesOf(of)} />
      </div>
    </Section>
  );
}

// A clone, import or data sync is committed only after its content was compared.
function isVerified({ kind, result }: Job): boolean {
  if (kind === 'export' || kind === 'verify') return asRecord(result).verified !== null;
  // Without a manifest there is nothing to compare with.
  if (kind === 'import') return asRecord(result).proof !== undefined;
  return kind === 'clone' || kind === 'data';
}

const asText = (value: unknown) => (typeof value === 'string' ? value : '');

function File({ name }: { readonly name: string }) {
  const may = useMay();
  const path = `/api/backups/${encodeURIComponent(name)}/content`;
  return (
    <span class="row">
      <code>{name}</code>
      {may('download') && (
        <a href={path} download={name} aria-label={`Download ${name}`}>
          Download
        </a>
      )}
      <Link href="/backups">All backups</Link>
    </span>
  );
}

/** A table with its rows, as the result names it. */
interface TableRows {
  readonly name: string;
  readonly text: string;
}

function tablesOf({ kind, result }: Job): TableRows[] {
  const of = asRecord(result);
  const list = asRecord(kind === 'clone' ? of.done : of.run).tables;
  if (!Array.isArray(list)) return [];
  return list.map(asRecord).map((one) => ({
    name: String(one.name),
    text:
      kind === 'clone'
        ? formatCount(formatNumber(Number(one.rows)), 'row')
        : (['inserted', 'updated', 'deleted'] as const)
            .filter((what) => Number(one[what]) > 0)
            .map((what) => `${formatNumber(Number(one[what]))} ${what}`)
            .join(', ') || 'unchanged',
  }));
}

function Tables({ rows }: { readonly rows: readonly TableRows[] }) {
  if (rows.length === 0) return null;
  return (
    <details>
      <summary>{formatCount(rows.length, 'table')}</summary>
      <Facts facts={rows.map(({ name, text }) => [name, text])} />
    </details>
  );
}

function notesOf(of: Record<string, unknown>): string[] {
  const parts = [of, asRecord(of.done), asRecord(of.proof)];
  return parts.flatMap(({ notes, left }) => [notes, left].flat().filter((one) => typeof one === 'string'));
}

function Notes({ notes }: { readonly notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return (
    <div>
      <h3>Notes</h3>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </div>
  );
}
