// An upload is given up when its client is silent, never while the service stores what has arrived.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { endWhenSilent } from '../../lib/service/routes/uploads.ts';

async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => void answer(request, response).catch(() => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await use((server.address() as AddressInfo).port).finally(() => server.close());
}

test('an upload that has arrived may take long to be stored, and leaves no listener', async () => {
  const listeners: number[] = [];
  const store = async (request: IncomingMessage, response: ServerResponse) => {
    const release = endWhenSilent(request, 100);
    for await (const _ of request);
    await setTimeout(400);
    release();
    listeners.push(request.socket.listenerCount('timeout'));
    response.end('stored');
  };
  await withServer(store, async (port) => {
    for (let at = 0; at < 3; at++) {
      const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'select 1;' });
      expect(await answer.text()).toBe('stored');
    }
  });
  expect(new Set(listeners).size).toBe(1);
});

test('an upload of a client that is silent ends', async () => {
  let fault: unknown;
  const store = async (request: IncomingMessage) => {
    const release = endWhenSilent(request, 100);
    try {
      for await (const _ of request);
    } catch (thrown) {
      fault = thrown;
    } finally {
      release();
    }
  };
  await withServer(store, async (port) => {
    const socket = connect(port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nselect');
    await new Promise((resolve) => socket.once('close', resolve));
  });
  expect(fault).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
});
