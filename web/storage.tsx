// The storage of backups: how full it is, and the deletion of backups that no rule keeps.
import { formatBytes, formatCount } from '../lib/problem/amount.ts';
import type { Accepted, BackupList } from '../lib/service/schemas.ts';
import { AskedButton } from './asked-button.tsx';
import { request } from './client.ts';
import { useAction } from './load.ts';
import { State } from './pieces.tsx';
import { openPage } from './router.tsx';
import { useMay } from './session.ts';

type Storage = BackupList['storage'];

/** The bytes in words: `3 GB of 20 GB`. */
export const describeStorage = ({ bytes, limit }: Storage) =>
  limit === null ? `${formatBytes(bytes)}, no limit` : `${formatBytes(bytes)} of ${formatBytes(limit)}`;

/** A bar with its words. Without a limit, the words alone. */
export function StorageUse({ storage }: { readonly storage: Storage }) {
  const { bytes, limit } = storage;
  if (limit === null) return <p class="small quiet">Storage: {describeStorage(storage)}</p>;
  const percent = Math.min(100, Math.floor((100 * bytes) / limit));
  return (
    <div class="section">
      <div class="spread">
        <span class="small quiet">Storage: {describeStorage(storage)}</span>
        {percent >= 100 && <State tone="bad" icon="bad" text="Full" />}
        {percent >= 90 && percent < 100 && <State tone="warn" icon="warn" text="Nearly full" />}
      </div>
      <meter
        min={0}
        max={100}
        high={90}
        optimum={0}
        value={percent}
        aria-label={`Storage: ${percent} percent used`}
      />
    </div>
  );
}

/** Deletes the backups that no rule keeps, after it has named them. */
export function PruneButton({ list }: { readonly list: BackupList }) {
  const may = useMay();
  const { daily, weekly, monthly } = list.retention;
  const prune = useAction(async () => {
    const rules = { keepDaily: daily, keepWeekly: weekly, keepMonthly: monthly };
    openPage(`/jobs/${(await request<Accepted>('POST', '/api/backups/prune', rules)).id}`);
  });
  const old = list.backups.filter(({ why }) => why.length === 0);
  if (!may('admin') || old.length === 0) return null;
  const bytes = old.reduce((sum, one) => sum + one.bytes, 0);
  const kept = [formatCount(daily, 'day'), formatCount(weekly, 'week'), formatCount(monthly, 'month')].join(
    ', ',
  );
  return (
    <AskedButton
      word="Delete"
      name={formatCount(old.length, 'old backup')}
      about={`For each database, the newest backup of ${kept} stays. ${formatBytes(bytes)} become free.`}
      items={old.map(({ file }) => file)}
      action={prune}
    />
  );
}
