import { defineConfig } from 'pgmage';

export default defineConfig({
  schema: [
    // In a project of your own: ['.venv/bin/python', 'print_schema.py'].
    { command: ['node', 'export.mjs'], watch: 'models.py' },
    'schema/rules.sql',
  ],
});
