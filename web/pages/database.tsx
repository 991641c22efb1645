// The schema of one database: its status, and every difference as `db:diff` shows it.

import { useState } from 'preact/hooks';
import type { ChangesPicture, SchemaDifference } from '../../lib/service/schemas.ts';
import { Difference, Rest, SchemaChanges } from '../changes.tsx';
import { useLoad } from '../load.ts';
import { Pictures } from '../pictures.tsx';
import { Command, Loading, Page, ProblemNotice, Section } from '../pieces.tsx';
import { Link } from '../router.tsx';
import { asRecord } from '../words.ts';

/** The page `/databases/:name`. */
export function DatabasePage({ name }: { readonly name: string }) {
  const path = `/api/databases/${encodeURIComponent(name)}`;
  const status = useLoad<unknown>(`${path}/status`);
  const [round, setRound] = useState(0);
  const compareAgain = () => {
    status.reload();
    setRound((one) => one + 1);
  };
  const isOut = status.data !== undefined && asRecord(status.data).inSync !== true;
  return (
    <Page
      title={`Schema of ${name}`}
      about={
        <>
          <Link href="/databases">All databases</Link> ·{' '}
          <Link href={`/databases/${encodeURIComponent(name)}/documents`}>Documents</Link>
        </>
      }
      actions={
        <button type="button" onClick={compareAgain}>
          Compare again
        </button>
      }
    >
      {status.problem && <ProblemNotice problem={status.problem} />}
      {status.data === undefined && !status.problem && <Comparing name={name} />}
      {status.data !== undefined && <SchemaChanges report={status.data} name={name} />}
      {/* Each comparison has its own: those of before would stand below the new list of changes. */}
      {isOut && <Differences key={round} name={name} path={path} />}
    </Page>
  );
}

function Differences({ name, path }: { readonly name: string; readonly path: string }) {
  const difference = useLoad<SchemaDifference>(`${path}/diff`);
  const picture = useLoad<ChangesPicture>(difference.data ? `${path}/diff/picture` : null);
  const isDrawing = difference.data !== undefined && picture.data === undefined && !picture.problem;
  return (
    <Section id="differences" title="Differences">
      {difference.problem && <ProblemNotice problem={difference.problem} />}
      {difference.data === undefined && !difference.problem && <Loading what="differences" />}
      {difference.data && <Difference {...difference.data} name={name} download={`${path}/diff`} />}
      {picture.problem && <ProblemNotice problem={picture.problem} />}
      {isDrawing && <Loading what="the picture" />}
      {picture.data && <ChangedTables picture={picture.data} name={name} />}
      <p>Write the migration and apply it in a terminal:</p>
      <Command text={`npx pgmage db:generate --env ${name}`} />
      <Command text={`npx pgmage db:sync --env ${name}`} />
    </Section>
  );
}

function ChangedTables({ picture, name }: { readonly picture: ChangesPicture; readonly name: string }) {
  if (picture.pictures.length === 0) return null;
  return (
    <>
      <h3>Tables that change in {name}</h3>
      <p>{picture.summary} Signs: + added, ~ changed, − removed. Tables with dotted borders do not change.</p>
      <Pictures pictures={picture.pictures} title={`Changed tables of ${name}`} linkOf={() => null} />
      <Rest count={picture.omitted} of="changed table" />
    </>
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
