import { defineConfig } from 'pgmage';

export default defineConfig({
  environments: {
    shops: {
      schemas: 'shop_*',
      except: 'shop_old',
    },
  },
});
