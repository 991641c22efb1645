import { defineConfig } from 'pgmage';

export default defineConfig({
  data: {
    from: 'legacy',
    to: 'next',
    exclude: ['log'],
    tables: {
      customers: { to: 'users', columns: { name: 'full_name', email: 'lower(email)' } },
    },
  },
});
