// PostgreSQL's own parser, loaded when it is first needed.
import { startWasm } from './start-wasm.ts';

/** Gives the parser. */
export function loadParser(): Promise<typeof import('libpg-query')> {
  return startWasm(async () => {
    const parser = await import('libpg-query');
    await parser.loadModule();
    return parser;
  });
}
