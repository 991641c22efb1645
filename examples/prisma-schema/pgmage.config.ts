import { defineConfig } from 'pgmage';

export default defineConfig({
  schema: [
    // In a project of your own: ['npx', 'prisma', 'migrate', 'diff', '--from-empty', '--to-schema-datamodel',
    // 'prisma/schema.prisma', '--script'].
    { command: ['node', 'export.mjs'], watch: 'prisma/schema.prisma' },
    'schema/rules.sql',
  ],
  // Prisma's own migrations are not used.
  migrations: 'migrations',
});
