// The schema of one database: its status, and every difference as `db:diff` shows it.

import type { SchemaDifference } from '../../lib/service/schemas.ts';
import { Difference, SchemaChanges } from '../changes.tsx';
import { useLoad } from '../load.ts';
import { Command, Loading, Page, ProblemNotice, Section } from '../pieces.tsx';
import { Link } from '../router.tsx';
import { asRecord } from '../words.ts';

/** The page `/databases/:name`. */
export function DatabasePage({ name }: { readonly name: string }) {
  const path = `/api/databases/${encodeURIComponent(name)}`;
  const status = useLoad<unknown>(`${path}/status`);
  const isOut = status.data !== undefined && asRecord(status.data).inSync !== true;
  const difference = useLoad<SchemaDifference>(isOut ? `${path}/diff` : null);
  return (
    <Page
      title={`Schema of ${name}`}
      about={<Link href="/databases">All databases</Link>}
      actions={
        <button type="button" onClick={status.reload}>
          Compare again
        </button>
      }
    >
      {status.problem && <ProblemNotice problem={status.problem} />}
      {status.data === undefined && !status.problem && <Comparing name={name} />}
      {status.data !== undefined && <SchemaChanges report={status.data} name={name} />}
      {isOut && (
        <Section id="differences" title="Differences">
          {difference.problem && <ProblemNotice problem={difference.problem} />}
          {difference.data === undefined && !difference.problem && <Loading what="differences" />}
          {difference.data && <Difference text={difference.data.text} />}
          <p>Write the migration and apply it in a terminal:</p>
          <Command text={`npx pgmage db:generate --env ${name}`} />
          <Command text={`npx pgmage db:sync --env ${name}`} />
        </Section>
      )}
    </Page>
  );
}

function Comparing({ name }: { readonly name: string }) {
  return (
    <div class="card">
      <p role="status">pgmage compares {name} with the schema files. This can take some seconds.</p>
      <progress aria-label="Comparing" />
    </div>
  );
}
