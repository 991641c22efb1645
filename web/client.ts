// Requests to the service, and the session that they need.
import type { Failure, SessionInfo } from '../lib/service/schemas.ts';

/** The members of a problem that the page shows. */
export type ShownProblem = Pick<Failure['problem'], 'code' | 'message' | 'hint'>;

/** The session of this page. `unknown`: the service was not asked yet. */
export type Session =
  | { readonly state: 'unknown' }
  | { readonly state: 'closed'; readonly expired: boolean }
  | ({ readonly state: 'open' } & SessionInfo);

/** A request that the service refused, or that did not reach it. */
export class RequestFailed extends Error {
  readonly problem: ShownProblem;
  readonly status: number;

  constructor(status: number, problem: ShownProblem) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
  }
}

let session: Session = { state: 'unknown' };
const listeners = new Set<(session: Session) => void>();

/** The session as it is now. */
export const currentSession = () => session;

/** Calls a function at each change of the session; the result ends that. */
export function onSession(changed: (session: Session) => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

function setSession(next: Session): void {
  session = next;
  for (const changed of listeners) changed(next);
}

/** Asks the service whether the cookie of an earlier visit is still good. @throws RequestFailed */
export async function resumeSession(): Promise<void> {
  try {
    setSession({ state: 'open', ...(await send<SessionInfo>('GET', '/api/session')) });
  } catch (thrown) {
    if (!(thrown instanceof RequestFailed) || thrown.status !== 401) throw thrown;
    endSession();
  }
}

// Several requests may learn at once that the session has ended. The first one knows that it was open.
function endSession(): void {
  if (session.state !== 'closed') setSession({ state: 'closed', expired: session.state === 'open' });
}

/** Opens a session with an API key. @throws RequestFailed */
export async function logIn(key: string): Promise<void> {
  setSession({ state: 'open', ...(await send<SessionInfo>('POST', '/api/session', { key })) });
}

/** Ends the session. @throws RequestFailed */
export async function logOut(): Promise<void> {
  await send('DELETE', '/api/session');
  setSession({ state: 'closed', expired: false });
}

/**
 * Sends a request. Where the session has ended, the page shows the login.
 * @throws RequestFailed
 */
export async function request<T>(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  try {
    return await send<T>(method, path, body);
  } catch (thrown) {
    if (thrown instanceof RequestFailed && thrown.status === 401) endSession();
    throw thrown;
  }
}

const unreachable: ShownProblem = {
  code: 'service_unreachable',
  message: 'The service does not answer.',
  hint: 'Check that `npx pgmage serve` is running. This page tries again by itself.',
};

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  const isText = typeof body === 'object' && !(body instanceof Blob);
  if (body !== undefined) headers['content-type'] = isText ? 'application/json' : 'application/octet-stream';
  if (method !== 'GET' && session.state === 'open') headers['x-csrf-token'] = session.csrf;
  const answer = await fetch(path, {
    method,
    headers,
    ...(body !== undefined && { body: isText ? JSON.stringify(body) : (body as Blob) }),
  }).catch(() => {
    throw new RequestFailed(0, unreachable);
  });
  const text = await answer.text();
  if (answer.ok) return answered(text, answer) as T;
  throw new RequestFailed(answer.status, problemIn(text) ?? { ...unreachable, message: oddAnswer(answer) });
}

/** A file that is on its way. */
export interface Sending<T> {
  readonly answer: Promise<T>;
  cancel(): void;
}

/**
 * Sends a file by POST and tells its progress, which fetch cannot. The answer fails with RequestFailed.
 * @param sent takes the bytes that were sent so far
 */
export function sendFile<T>(path: string, file: Blob, sent: (bytes: number) => void): Sending<T> {
  const asked = new XMLHttpRequest();
  const answer = new Promise<T>((resolve, reject) => {
    const fail = (status: number, problem: ShownProblem) => reject(new RequestFailed(status, problem));
    asked.open('POST', path);
    asked.setRequestHeader('content-type', 'application/octet-stream');
    if (session.state === 'open') asked.setRequestHeader('x-csrf-token', session.csrf);
    asked.upload.onprogress = ({ loaded }) => sent(loaded);
    asked.onabort = () => fail(0, cancelledUpload);
    asked.onerror = () => fail(0, brokenUpload);
    asked.onload = () => {
      const { status, responseText } = asked;
      if (status === 401) endSession();
      if (status < 300) resolve(JSON.parse(responseText) as T);
      else fail(status, problemIn(responseText) ?? { ...unreachable, message: oddAnswer({ status }) });
    };
    asked.send(file);
  });
  return { answer, cancel: () => asked.abort() };
}

const cancelledUpload: ShownProblem = {
  code: 'upload_cancelled',
  message: 'The upload was cancelled.',
  hint: 'The service removes what it has received, unless the upload was complete.',
};

const brokenUpload: ShownProblem = {
  code: 'upload_broken',
  message: 'The connection ended during the upload.',
  hint: 'The service may have refused the file for its size. Compare it with the storage limit.',
};

// NDJSON is a list of its lines.
function answered(text: string, answer: Response): unknown {
  if (answer.headers.get('content-type')?.includes('ndjson') === true)
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return text === '' ? undefined : JSON.parse(text);
}

const oddAnswer = ({ status }: Pick<Response, 'status'>) =>
  `The service answered with status ${status} and no reason.`;

function problemIn(text: string): ShownProblem | undefined {
  try {
    return (JSON.parse(text) as Partial<Failure>).problem;
  } catch {
    return undefined;
  }
}
