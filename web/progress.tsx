// The progress of a job: a bar with its words, and what a screen reader says of it.
import { computeRatio } from '../lib/flow/progress.ts';
import { formatBytes, formatCount } from '../lib/problem/amount.ts';
import type { JobProgress } from '../lib/service/schemas.ts';
import { formatDuration, formatNumber } from './words.ts';

/** The bar. Without progress, the last line of the log stands for it. */
export function Progress(props: { readonly progress: JobProgress | null; readonly doing: string | null }) {
  const { progress, doing } = props;
  if (progress === null) {
    return (
      <div class="section">
        <p role="status">{doing ?? 'Starting'}</p>
        <progress aria-label="Progress: not known yet" />
      </div>
    );
  }
  const percent = Math.floor(computeRatio(progress.all) * 100);
  return (
    <div class="section">
      <div class="spread">
        <span>
          {progress.doing} <code>{progress.table}</code>
        </span>
        <strong>{percent} %</strong>
      </div>
      <progress max={100} value={percent} aria-label={`${progress.doing}, in all`} />
      <p class="small quiet">{amountsOf(progress)}</p>
      {/* Said at each tenth only: a reader that is interrupted twice a second is of no use. */}
      <p class="unseen" role="status">
        {`${progress.doing}: ${Math.floor(percent / 10) * 10} percent`}
      </p>
    </div>
  );
}

function amountsOf({ unit, all, rate, secondsLeft }: JobProgress): string {
  const amount = (value: number) =>
    unit === 'rows' ? formatCount(formatNumber(Math.round(value)), 'row') : formatBytes(value);
  const done = all.done > all.of ? amount(all.done) : `${amount(all.done)} of about ${amount(all.of)}`;
  return `${done} · ${amount(rate)}/s · ${formatDuration(secondsLeft * 1000)} left`;
}
