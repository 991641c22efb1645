// Prints what `npx prisma migrate diff --from-empty --to-schema-datamodel prisma/schema.prisma --script` printed
// (prisma 6.19.3, with prisma.config.ts), so that this example needs no other package.
import { readFileSync } from 'node:fs';

process.stdout.write(readFileSync(new URL('recorded/migrate-diff.sql', import.meta.url), 'utf8'));
