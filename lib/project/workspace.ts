// The resources that an operation works with, from its begin to its end.
import { CatalogCache } from './catalog-cache.ts';
import type { Project } from './project.ts';
import { ShadowPool } from './shadow-pool.ts';
import type { World } from './world.ts';

/** A project, the world around it, and the resources that one operation holds: open it with `await using`. */
export interface Workspace extends AsyncDisposable {
  readonly project: Project;
  readonly world: World;
  readonly shadows: ShadowPool;
  readonly catalogs: CatalogCache;
}

/** Opens a workspace. It starts nothing yet; disposing it closes the shadows that were opened. */
export function openWorkspace(project: Project, world: World): Workspace {
  const shadows = new ShadowPool(project, world);
  const catalogs = new CatalogCache(project);
  return { project, world, shadows, catalogs, [Symbol.asyncDispose]: () => shadows.close() };
}
