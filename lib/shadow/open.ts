// Opens a shadow: inside the process, or on a server.
import { openPgliteShadow } from './pglite.ts';
import { openServerShadow } from './server.ts';
import type { Shadow, ShadowOptions } from './shadow.ts';

/**
 * Opens a shadow.
 * @throws Problem `shadow_failed`; with a URL also the problems of connecting
 */
export function openShadow(options: ShadowOptions): Promise<Shadow> {
  const { url, onInterrupt } = options;
  return url === null ? openPgliteShadow(options) : openServerShadow(url, onInterrupt);
}
