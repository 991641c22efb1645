import { defineConfig } from 'pgmage';

export default defineConfig({
  environments: { prod: { variable: 'PROD_URL' } },
});
