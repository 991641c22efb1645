import { defineConfig } from 'pgmage';

export default defineConfig({
  masks: {
    'users.name': '@name',
    'users.email': '@email',
    // The same value gets the same mask, so the foreign key holds.
    'orders.email': '@email',
    'users.phone': '@null',
    'orders.note': "case when length(note) > 20 then 'a long note' else '' end",
  },
});
