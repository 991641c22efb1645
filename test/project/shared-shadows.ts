// Shadows that projects with one cache folder share, because to start one takes longer than most of what a
// test does in it. What an operation does in a shadow is rolled back, so one project sees nothing of another.
import type { Project } from '../../lib/project/project.ts';
import { ShadowPool } from '../../lib/project/shadow-pool.ts';
import { openWorkspace, type Workspace } from '../../lib/project/workspace.ts';
import type { World } from '../../lib/project/world.ts';

interface SharedPool {
  readonly shadows: ShadowPool;
  uses: number;
  closing?: NodeJS.Timeout;
}

// Milliseconds from the end of the last project until they are closed: the next test makes its own by then.
const patience = 1_000;
const pools = new Map<string, SharedPool>();

/** Opens a workspace with the shadows of its cache folder. They are closed soon after its last workspace. */
export function openSharing(members: Project & World): Workspace {
  const { cacheDir } = members;
  const pool: SharedPool = pools.get(cacheDir) ?? { shadows: new ShadowPool(members, members), uses: 0 };
  pools.set(cacheDir, pool);
  clearTimeout(pool.closing);
  pool.uses++;
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    pool.uses--;
    if (pool.uses > 0) return;
    pool.closing = setTimeout(() => {
      pools.delete(cacheDir);
      void pool.shadows.close();
    }, patience);
  };
  return { ...openWorkspace(members, members), shadows: pool.shadows, [Symbol.asyncDispose]: close };
}
