// `npm run docs:picture`: records the screen of README's first minute, and draws it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './markdown.ts';
import { recordScreen } from './recording.ts';
import { drawScreen } from './screen.ts';

writeFileSync(join(repository, 'docs/terminal.svg'), drawScreen(await recordScreen()));
