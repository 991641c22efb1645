// Workspaces that differ from another one in some members of their project or world.
import type { Project } from '../../lib/project/project.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import type { World } from '../../lib/project/world.ts';

/** Members of a project and of a world. */
export type Members = Partial<Project & World>;

// The members on which the shadows and the catalogs of a workspace depend.
const holding = ['shadow', 'cacheDir', 'version', 'progress', 'onInterrupt'] as const;

/** Whether a workspace with these members instead of others cannot use the shadows of one without them. */
export const needsOwnShadows = (more: Members): boolean => holding.some((name) => name in more);

/**
 * A workspace as another one, but for some members. It shares that one's shadows, unless they depend on
 * these: then it is one of its own, which the caller disposes where it may start a shadow.
 */
export function derive(workspace: Workspace, more: Members): Workspace {
  const project = { ...workspace.project, ...more };
  const world = { ...workspace.world, ...more };
  if (needsOwnShadows(more)) return openWorkspace(project, world);
  return { ...workspace, project, world };
}
