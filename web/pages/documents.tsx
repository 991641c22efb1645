// The documents of one database: its last changes, a picture of its tables, and every object.
import { useEffect, useRef } from 'preact/hooks';
import { formatCount } from '../../lib/problem/amount.ts';
import { anchorOf, schemaAnchor } from '../../lib/schema-docs/blocks.ts';
import type { DatabaseDocuments } from '../../lib/service/schemas.ts';
import { Blocks, type HrefOf } from '../blocks.tsx';
import { Rest } from '../changes.tsx';
import { TextField } from '../fields.tsx';
import { useLoad } from '../load.ts';
import { Pictures } from '../pictures.tsx';
import { Loading, Page, ProblemNotice, Section, State } from '../pieces.tsx';
import { Link, usePlace } from '../router.tsx';
import { Ago } from '../time.tsx';

/** The page `/databases/:name/documents`. */
export function DocumentsPage({ name }: { readonly name: string }) {
  const path = `/databases/${encodeURIComponent(name)}`;
  const { data, problem, reload } = useLoad<DatabaseDocuments>(`/api${path}/documents`);
  return (
    <Page
      title={`Documents of ${name}`}
      about={
        <>
          <Link href="/databases">All databases</Link> · <Link href={path}>Schema</Link>
        </>
      }
      actions={
        <button type="button" onClick={reload}>
          Read again
        </button>
      }
    >
      {problem && <ProblemNotice problem={problem} />}
      {data === undefined && !problem && <Loading what={`the schema of ${name}`} />}
      {data && <Documents documents={data} path={`${path}/documents`} />}
    </Page>
  );
}

function Documents({ documents, path }: { readonly documents: DatabaseDocuments; readonly path: string }) {
  const { query } = usePlace();
  const hrefOf: HrefOf = (id) => {
    const next = new URLSearchParams(query);
    next.set('object', id);
    return `${path}?${next}`;
  };
  const { objects, pictures, schemas, database } = documents;
  const known = new Set(objects.map(({ id }) => id));
  const chosen = objects.find(({ id }) => id === query.get('object'));
  return (
    <>
      {chosen && <ChosenObject key={chosen.id} object={chosen} hrefOf={hrefOf} />}
      <Changes history={documents.history} name={database} />
      {pictures.length > 0 && (
        <Section id="picture" title="Tables">
          <Pictures
            pictures={pictures}
            title={`Tables of ${database}`}
            linkOf={({ path: of }) => {
              const { id } = anchorOf('relation', of);
              return known.has(id) ? hrefOf(id) : null;
            }}
          />
        </Section>
      )}
      <Objects objects={objects} find={query.get('find') ?? ''} hrefOf={hrefOf} />
      {schemas.slice(0, mostSchemas).map(({ name, counts, blocks }) => (
        <Section key={name} id={schemaAnchor(name).id} title={`Schema ${name}`}>
          <p>{counts.join(', ') || 'It is empty.'}</p>
          <Blocks blocks={blocks} hrefOf={hrefOf} />
        </Section>
      ))}
      <Rest count={schemas.length - mostSchemas} of="schema" download={`/api${path}`} />
    </>
  );
}

// Each has a section of its own.
const mostSchemas = 20;

type DocumentedObject = DatabaseDocuments['objects'][number];

// Its heading takes the focus, because the link to it may be far below.
function ChosenObject({ object, hrefOf }: { readonly object: DocumentedObject; readonly hrefOf: HrefOf }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section class="section" aria-labelledby="object">
      <h2 id="object" ref={heading} tabIndex={-1}>
        {object.title}
      </h2>
      <div class="card">
        <Blocks blocks={object.blocks} hrefOf={hrefOf} />
      </div>
    </section>
  );
}

const outcomes = {
  done: ['good', 'good', 'Done'],
  baseline: ['quiet', 'good', 'Recorded'],
  failed: ['bad', 'bad', 'Failed'],
  begun: ['warn', 'warn', 'Begun, without a result'],
} as const;

function Changes({
  history,
  name,
}: {
  readonly history: DatabaseDocuments['history'];
  readonly name: string;
}) {
  return (
    <Section id="changes" title="Last changes">
      {history.length === 0 && <p class="quiet">No migration was ever applied to {name}.</p>}
      {history.length > 0 && (
        <ul class="items">
          {history.map(({ migration, direction, outcome, at, by, detail }, index) => {
            const [tone, icon, text] = outcomes[outcome];
            return (
              <li key={index} class="row">
                <State tone={tone} icon={icon} text={direction === 'down' ? `${text}: undone` : text} />
                <code>{migration}</code>
                <span class="small quiet">
                  <Ago time={at} /> by {by}
                  {detail !== null && `: ${detail}`}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Section>
  );
}

// More links than this are of no use, and slow.
const most = 200;

function Objects(props: {
  readonly objects: readonly DocumentedObject[];
  readonly find: string;
  readonly hrefOf: HrefOf;
}) {
  const { objects, find, hrefOf } = props;
  const found = objects.filter(({ title }) => title.toLowerCase().includes(find.toLowerCase()));
  const rest = found.length - most;
  return (
    <Section id="objects" title="Objects">
      <TextField name="find" label="Find by name" />
      <p class="small quiet" role="status">
        {formatCount(found.length, 'object')}
        {rest > 0 && `, the first ${most} are shown`}
      </p>
      <ul class="objects">
        {found.slice(0, most).map(({ id, title }) => (
          <li key={id}>
            <Link href={hrefOf(id)}>{title}</Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}
