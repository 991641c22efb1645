// Prisma 6.16 to 6.19: `migrate diff` with the schema engine of the package, so that nothing is downloaded.
// Of the database it asks only for its version.
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import { defineConfig } from 'prisma/config';

const about = { provider: 'postgres', adapterName: 'no-database' } as const;
const version = {
  columnNames: ['exists', 'version', 'numeric_version'],
  columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
  rows: [[true, 'PostgreSQL 18.0', 180000]],
};
const refuse = () => Promise.reject(new Error('this configuration is for migrate diff alone'));
const connection = {
  ...about,
  queryRaw: async () => version,
  executeRaw: refuse,
  executeScript: refuse,
  startTransaction: refuse,
  dispose: async () => undefined,
};
const connect = async () => connection;

// The schema names it. It is not used.
process.env.DATABASE_URL ??= 'postgresql://localhost/none';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => ({ ...about, connect, connectToShadowDb: connect }),
});
