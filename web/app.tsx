// The frame of all pages: the session, the navigation, and the page of the address.
import { useEffect, useState } from 'preact/hooks';
import { logOut, RequestFailed, resumeSession, type ShownProblem } from './client.ts';
import type { IconName } from './drawings.ts';
import { Icon } from './icons.tsx';
import { problemOf, useAction } from './load.ts';
import { BackupsPage } from './pages/backups.tsx';
import { DatabasePage } from './pages/database.tsx';
import { DatabasesPage } from './pages/databases.tsx';
import { DocumentsPage } from './pages/documents.tsx';
import { JobPage } from './pages/job.tsx';
import { JobsPage } from './pages/jobs.tsx';
import { LoginPage } from './pages/login.tsx';
import { NewPage } from './pages/new.tsx';
import { SchedulesPage } from './pages/schedules.tsx';
import { SettingsPage } from './pages/settings.tsx';
import { Loading, Page, ProblemNotice } from './pieces.tsx';
import { Link, usePlace } from './router.tsx';
import { useSession } from './session.ts';

// Milliseconds until a service that does not answer is asked again.
const pause = 2000;

/** The whole page. */
export function App() {
  const session = useSession();
  const [problem, setProblem] = useState<ShownProblem>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const ask = () =>
      resumeSession().then(
        () => setProblem(undefined),
        (thrown) => {
          setProblem(problemOf(thrown));
          if (thrown instanceof RequestFailed) timer = setTimeout(ask, pause);
        },
      );
    ask();
    return () => clearTimeout(timer);
  }, []);
  if (session.state === 'closed') return <LoginPage isExpired={session.expired} />;
  if (session.state === 'open') return <Frame />;
  return (
    <div class="gate">
      <main>{problem ? <ProblemNotice problem={problem} /> : <Loading what="the service" />}</main>
    </div>
  );
}

const pages: readonly (readonly [string, string, IconName])[] = [
  ['/', 'Jobs', 'jobs'],
  ['/databases', 'Databases', 'databases'],
  ['/backups', 'Backups', 'backups'],
  ['/schedules', 'Schedules', 'schedules'],
  ['/settings', 'Settings', 'settings'],
];

function Frame() {
  const { path } = usePlace();
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <div class="frame">
        <header class="side">
          <Link class="brand" href="/">
            <Icon name="brand" size={20} />
            pgmage
          </Link>
          <nav aria-label="Pages">
            <ul>
              {pages.map(([to, name, icon]) => (
                <li key={to}>
                  <Link href={to} aria-current={isWithin(path, to) ? 'page' : undefined}>
                    <Icon name={icon} />
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <Account />
        </header>
        <main id="content" tabIndex={-1}>
          <CurrentPage key={path} path={path} />
        </main>
      </div>
    </>
  );
}

function isWithin(path: string, to: string): boolean {
  if (to === '/') return path === '/' || path === '/new' || path.startsWith('/jobs/');
  return path === to || path.startsWith(`${to}/`);
}

function Account() {
  const session = useSession();
  const leave = useAction(logOut);
  if (session.state !== 'open') return null;
  return (
    <div class="account">
      <span class="small quiet">Key: {session.key}</span>
      <button type="button" class="plain" onClick={leave.run}>
        Log out
      </button>
    </div>
  );
}

function CurrentPage({ path }: { readonly path: string }) {
  const [, first = '', second, third] = path.split('/');
  const name = second === undefined ? undefined : decodeURIComponent(second);
  if (first === 'jobs' && name) return <JobPage id={name} />;
  if (first === 'databases' && name && third === 'documents') return <DocumentsPage name={name} />;
  if (first === 'databases' && name) return <DatabasePage name={name} />;
  switch (first) {
    case '':
      return <JobsPage />;
    case 'new':
      return <NewPage />;
    case 'databases':
      return <DatabasesPage />;
    case 'backups':
      return <BackupsPage />;
    case 'schedules':
      return <SchedulesPage />;
    case 'settings':
      return <SettingsPage />;
    default:
      return (
        <Page title="Page not found">
          <p>
            This address has no page. <Link href="/">Show the jobs</Link>
          </p>
        </Page>
      );
  }
}
