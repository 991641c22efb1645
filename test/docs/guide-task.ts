// The task that the guide of own tasks shows with a shell; the compiler checks it here.
import type { TaskContext } from '../../lib/index.ts';

/** Starts the database, generates code and comments on the pull request. */
export async function prepare({ $ }: TaskContext, pullRequest: number) {
  await $`docker compose up -d db`;
  await $({ verbose: true })`sqlc generate`;
  const { stdout } = await $`git diff --stat`;
  await $`gh pr comment ${pullRequest} --body ${stdout}`;
}
