// The settings: API keys, limits and the version. Limits and new keys need a terminal.
import type { KeyInfo, Settings } from '../../lib/service/schemas.ts';
import { AskedButton } from '../asked-button.tsx';
import { request } from '../client.ts';
import { useAction, useLoad } from '../load.ts';
import { Command, Facts, Loading, Page, ProblemNotice, Section } from '../pieces.tsx';
import { useMay } from '../session.ts';
import { describeStorage } from '../storage.tsx';
import { Ago, Time } from '../time.tsx';
import { formatNumber } from '../words.ts';

const queues = {
  embedded: 'embedded, in the data folder of the service',
  postgres: 'a shared PostgreSQL',
  redis: 'a shared Redis',
} as const;

/** The page `/settings`. */
export function SettingsPage() {
  const { data, problem } = useLoad<Settings>('/api/settings');
  return (
    <Page title="Settings">
      {problem && <ProblemNotice problem={problem} />}
      {data === undefined && !problem && <Loading what="settings" />}
      {data && (
        <Section id="service" title="Service">
          <div class="card">
            <Facts
              facts={[
                ['Version', `pgmage ${data.version}`],
                ['Queue', queues[data.queue]],
                ['Backups', <code key="folder">{data.backups}</code>],
                ['Jobs that write', data.features.length > 0 ? data.features.join(', ') : 'none'],
              ]}
            />
          </div>
        </Section>
      )}
      {data && <Limits of={data} />}
      <Keys />
    </Page>
  );
}

function Limits({ of }: { readonly of: Settings }) {
  return (
    <Section id="limits" title="Limits">
      <div class="card">
        <Facts
          facts={[
            ['Jobs at once', of.concurrency],
            ['Jobs that may wait', of.waiting],
            ['Memory of a job', of.jobMemory === null ? 'no limit' : `${of.jobMemory} MB`],
            ['Storage of backups', describeStorage(of.storage)],
            ['History', describeHistory(of.history)],
          ]}
        />
        <p class="small quiet">
          Set them as <code>serve</code> in <code>pgmage.config.ts</code>, then start the service again.
        </p>
      </div>
    </Section>
  );
}

const describeHistory = ({ jobDays, jobs, eventDays }: Settings['history']) =>
  `jobs for ${jobDays} days, at most ${formatNumber(jobs)}; their logs for ${eventDays} days`;

function Keys() {
  const may = useMay();
  const { data, problem, reload } = useLoad<readonly KeyInfo[]>(may('admin') ? '/api/keys' : null);
  return (
    <Section id="keys" title="API keys">
      {!may('admin') && <p class="quiet">Only a key with the scope `admin` can see the keys.</p>}
      {problem && <ProblemNotice problem={problem} />}
      {data && data.length > 0 && (
        <ul class="list">
          {data.map((key) => (
            <Key key={key.id} of={key} changed={reload} />
          ))}
        </ul>
      )}
      <p>Add a key in a terminal on the machine of the service. It is shown once.</p>
      <Command text="npx pgmage serve:key add NAME --scope read,run,write" />
    </Section>
  );
}

function Key({ of, changed }: { readonly of: KeyInfo; readonly changed: () => void }) {
  const { name, id, scopes, to, createdAt, expiresAt, lastUsedAt } = of;
  const revoke = useAction(async () => {
    await request('DELETE', `/api/keys/${id}`);
    changed();
  });
  return (
    <li class="stack">
      <div class="spread">
        <h3>{name}</h3>
        {/* The key of PGMAGE_API_KEY is not a file of the service. */}
        {id !== 'variable' && (
          <AskedButton
            word="Revoke"
            name={name}
            about={`Programs and pages that use the key ${name} lose their access at once.`}
            action={revoke}
          />
        )}
      </div>
      <Facts
        flat
        facts={[
          ['Id', <code key="id">{id}</code>],
          ['Scopes', scopes.join(', ')],
          ['Targets', to === null ? 'all' : to.join(', ')],
          ['Created', createdAt && <Time time={createdAt} />],
          ['Expires', expiresAt ? <Time time={expiresAt} /> : 'never'],
          ['Last used', lastUsedAt ? <Ago time={lastUsedAt} /> : 'never'],
        ]}
      />
    </li>
  );
}
