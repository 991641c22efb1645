// Connections that are slow on purpose. The service has to end all of them by itself.
import { connect, type Socket } from 'node:net';
import type { RunningService } from './scene.ts';

/** Slow connections. */
export interface SlowConnections {
  readonly count: number;
  ended(): number;
  close(): void;
}

/** Opens heads and bodies that never come whole, and uploads that nobody may send, a byte at a time. */
export async function openSlow(service: RunningService): Promise<SlowConnections> {
  const reader = await service.addKey('uploads-nothing', ['read']);
  const sockets: Socket[] = [];
  let ended = 0;
  const add = (head: string) => {
    const socket = connect(service.port, '127.0.0.1', () => socket.write(head));
    socket.on('error', () => undefined).on('close', () => ended++);
    sockets.push(socket.resume());
    return socket;
  };
  const post = (path: string, more: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n\r\n`;
  for (let at = 0; at < 1_000; at++) add('GET /api/jobs HTTP/1.1\r\nHost: ');
  for (let at = 0; at < 20; at++) add(`${post('/api/session', 'Content-Length: 40')}{"key":`);
  const upload = 'Content-Type: application/octet-stream\r\nContent-Length: 1000000';
  for (const more of [upload, `Authorization: Bearer ${reader}\r\n${upload}`]) {
    const socket = add(post('/api/backups', more));
    const timer = setInterval(() => socket.write(' '), 2_000);
    socket.on('close', () => clearInterval(timer));
  }
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  return {
    count: sockets.length,
    ended: () => ended,
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
