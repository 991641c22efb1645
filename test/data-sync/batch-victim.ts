// A process that syncs in batches, and is killed from outside: `tsx batch-victim.ts SOURCE TARGET ROOT ROWS`.
import { dataSync } from '../../lib/commands/data-sync.ts';
import { contextOf } from '../copy/cloning.ts';

const [source = '', target = '', root = '', batch] = process.argv.slice(2);
await using workspace = contextOf(source, target, { root });
const options = { from: 'source', to: 'target', yes: true, force: true, jobs: 1, batch: Number(batch) };
await dataSync(workspace, options, undefined);
