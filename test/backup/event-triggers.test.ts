// An event trigger that writes rows does not fire while its own backup is restored.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { withDatabase } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import { backupProject, oneOfEach } from './scene.ts';

vi.setConfig({ testTimeout: 120_000 });

const schema = `create table log (what text);
  create function noted() returns event_trigger language plpgsql as
    $$begin insert into public.log values (tg_tag); end$$;
  create event trigger a on ddl_command_end execute function noted();
  comment on event trigger a is 'who did what';
  create materialized view m as select 1 as one`;

test.each(await oneOfEach('backups with an event trigger'))(
  'in the format $format',
  async ({ server, engine, format }) => {
    await withDatabase(server, async ({ url }) => {
      await query(url, schema);
      const own = backupProject({ prod: url });
      const { verified, faults } = await backup(own.context, { engine, format, drill: true, on: 'prod' });
      expect([verified?.how, faults]).toEqual(['drill', []]);
      own.drop();
    });
  },
);
