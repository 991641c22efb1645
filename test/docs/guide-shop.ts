// The first tasks of the guide of own tasks; the compiler checks them here.
import type { TaskContext } from '../../lib/index.ts';

/** Builds the pages of the shop. */
export async function build({ $ }: TaskContext) {
  await $`mkdir -p build`;
}

/** Publishes the shop. */
export async function publish(
  context: TaskContext,
  where: string,
  options: {
    /** Say what would be done, and do nothing. */
    dryRun?: boolean;
    region?: 'eu' | 'us';
    tag?: string[];
  } = {},
) {
  await context.run(build); // once per command line, however many tasks need it
  const { dryRun = false, region = 'eu', tag = [] } = options;
  return `${dryRun ? 'Would publish' : 'Published'} to ${where} in ${region}: ${tag.join(', ')}`;
}
