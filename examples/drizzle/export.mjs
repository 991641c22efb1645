// Prints what `npx drizzle-kit export --dialect postgresql --schema src/schema.ts` printed (drizzle-kit 0.31.11), so
// that this example needs no other package.
import { readFileSync } from 'node:fs';

process.stdout.write(readFileSync(new URL('recorded/drizzle-kit-export.sql', import.meta.url), 'utf8'));
