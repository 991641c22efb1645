// PostgreSQL's own parser, loaded when it is first needed.
import { keepEventLoopAlive } from './keep-event-loop-alive.ts';

/** Gives the parser. */
export function loadParser(): Promise<typeof import('libpg-query')> {
  return keepEventLoopAlive(async () => {
    const parser = await import('libpg-query');
    await parser.loadModule();
    return parser;
  });
}
