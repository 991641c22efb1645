import { defineConfig } from 'pgmage';

export default defineConfig({
  schema: [
    // In a project of your own: ['npx', 'drizzle-kit', 'export', '--dialect', 'postgresql', '--schema', 'src/schema.ts'].
    { command: ['node', 'export.mjs'], watch: 'src/schema.ts' },
    'schema/policies.sql',
  ],
});
