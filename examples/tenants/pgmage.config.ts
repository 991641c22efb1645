import { defineConfig } from 'pgmage';

export default defineConfig({
  environments: {
    shops: {
      each: 'select name, url from tenants order by name',
      canary: 'acme',
    },
  },
});
