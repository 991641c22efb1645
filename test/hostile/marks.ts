// What a hostile database's functions told the server's log: each line is a trick, and the role it ran as.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Server } from '../servers/server.ts';
import type { Owner } from './tricks.ts';

/** Where a log is read from on. */
export interface Marks {
  /** Tricks that ran with more rights than their owner has since the last call, each once. */
  overreached(): string[];
}

/** Reads the log of a server from now on. */
export function marksIn({ directory }: Server, { role, mark }: Owner): Marks {
  const read = () => readFileSync(join(directory, 'log'), 'utf8').split('\n');
  let seen = read().length - 1;
  const line = new RegExp(`${mark} (.*) as (\\w+)$`);
  return {
    overreached() {
      const lines = read();
      const found = lines.slice(seen).flatMap((text) => {
        const [, trick, as] = line.exec(text) ?? [];
        return trick === undefined || as === role ? [] : [`${trick} as ${as}`];
      });
      seen = lines.length - 1;
      return [...new Set(found)].sort();
    },
  };
}
