// Shares one shadow among everything that needs one at the same time, because starting one is what costs.
import { mkdir } from 'node:fs/promises';
import type { Shadow } from '../shadow/shadow.ts';
import type { Context } from './context.ts';

interface PooledShadow {
  readonly extensions: ReadonlySet<string>;
  readonly shadow: Promise<Shadow>;
  uses: number;
}

// Keyed by context: the run of a task ends with it, and two runs in one process do not meet.
const entries = new WeakMap<Context, PooledShadow[]>();

/**
 * Lends a shadow in which the named extensions can be created. It is closed when its last user is done: wrap several
 * uses in one of its own to keep it open from one to the next.
 * @throws Problem `shadow_failed`, and of the work
 */
export async function useShadow<T>(
  context: Context,
  extensions: Iterable<string>,
  work: (shadow: Shadow) => Promise<T>,
): Promise<T> {
  const entry = take(context, new Set(extensions));
  try {
    return await work(await entry.shadow);
  } finally {
    entry.uses--;
    if (entry.uses === 0 && !keeping.has(context)) await close(context, entry);
  }
}

// Contexts for which nothing is closed, and how many works there are that want it so.
const keeping = new Map<Context, number>();

/** Does a work of which several parts may need a shadow, one after the other: what they open stays open until its end. */
export async function keepShadows<T>(context: Context, work: () => Promise<T>): Promise<T> {
  keeping.set(context, (keeping.get(context) ?? 0) + 1);
  try {
    return await work();
  } finally {
    const others = (keeping.get(context) as number) - 1;
    if (others > 0) keeping.set(context, others);
    else {
      keeping.delete(context);
      for (const entry of entries.get(context) ?? []) if (entry.uses === 0) await close(context, entry);
    }
  }
}

async function close(context: Context, entry: PooledShadow): Promise<void> {
  const open = entries.get(context) ?? [];
  entries.set(
    context,
    open.filter((other) => other !== entry),
  );
  const shadow = await entry.shadow.catch(() => undefined);
  await shadow?.close();
}

function take(context: Context, extensions: ReadonlySet<string>): PooledShadow {
  const open = entries.get(context) ?? [];
  const fit = ({ extensions: has }: PooledShadow) =>
    context.shadow !== null || [...extensions].every((name) => has.has(name));
  const found = open.find(fit);
  if (found !== undefined) {
    found.uses++;
    return found;
  }
  const entry: PooledShadow = { extensions, shadow: start(context, extensions), uses: 1 };
  entries.set(context, [...open, entry]);
  return entry;
}

async function start(context: Context, extensions: ReadonlySet<string>): Promise<Shadow> {
  const { openShadow } = await import('../shadow/open.ts');
  await mkdir(context.cacheDir, { recursive: true }).catch(() => undefined);
  return openShadow({
    cacheDir: context.cacheDir,
    url: context.shadow,
    extensions,
    progress: (message) => context.progress(message),
    ...(context.onInterrupt && { onInterrupt: context.onInterrupt }),
  });
}
