// A server on loopback that answers like GitHub's API for comments of an issue.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A comment as GitHub keeps it. */
export interface Comment {
  id: number;
  body: string;
  user: { type: string; login?: string };
}

/** The server, what it keeps, and how it answers. */
export interface GitHub {
  readonly url: string;
  readonly comments: Comment[];
  /** The requests so far: `GET /user`. */
  requests: string[];
  /** The status that writes are answered with; 0: they succeed. */
  refused: number;
  /** The person whose token it is; null: that of the job, which is no user. */
  person: string | null;
  close(): void;
}

/** The only token that it takes. */
export const token = 't0ken';

/** Starts a server without comments. */
export async function startGitHub(): Promise<GitHub> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => {
      text += piece;
    });
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://api');
      const method = request.method ?? '';
      hub.requests.push(`${method} ${url.pathname}${url.search}`);
      const isKnown = request.headers.authorization === `Bearer ${token}`;
      const [status, body] = isKnown ? answer(hub, method, url, text) : [401, { message: 'Bad credentials' }];
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const hub: GitHub = {
    url: `http://127.0.0.1:${port}`,
    comments: [],
    requests: [],
    refused: 0,
    person: null,
    close: () => server.close(),
  };
  return hub;
}

const forbidden = { message: 'Resource not accessible by integration' };

function answer(hub: GitHub, method: string, url: URL, text: string): [status: number, body: unknown] {
  const { comments, person, refused } = hub;
  if (url.pathname === '/user')
    return person === null ? [403, forbidden] : [200, { login: person, type: 'User' }];
  if (method === 'GET') {
    const page = Number(url.searchParams.get('page'));
    return [200, comments.slice((page - 1) * 100, page * 100)];
  }
  if (refused > 0) return [refused, forbidden];
  const { body } = JSON.parse(text) as { body: string };
  if (body.length > 65_536) return [422, { message: 'body is too long' }];
  const id = Number(/comments\/(\d+)$/.exec(url.pathname)?.[1] ?? 0);
  const known = comments.find((one) => one.id === id);
  const user = person === null ? { type: 'Bot' } : { type: 'User', login: person };
  if (known) known.body = body;
  else comments.push({ id: 1000 + comments.length, body, user });
  return [known ? 200 : 201, { html_url: 'https://github.test/comment' }];
}
