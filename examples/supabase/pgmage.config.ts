import { defineConfig } from 'pgmage';

export default defineConfig({
  schema: 'schema/schema.sql',
  layout: 'supabase',
});
