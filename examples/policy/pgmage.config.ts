import { defineConfig } from 'pgmage';

export default defineConfig({
  policy: {
    deletes_data: 'deny',
    rewrites_table: { over: '1GB', level: 'deny' },
    rules: {
      primary_key: 'deny',
      // Every table has an owner.
      owner: ({ tables }) =>
        tables
          .filter(({ columns }) => columns.every(({ name }) => name !== 'owner_id'))
          .map(({ name }) => ({ object: name, message: 'the table has no owner_id' })),
    },
  },
});
