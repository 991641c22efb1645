// The upload of a dump that was made elsewhere, with its progress.
import { useRef, useState } from 'preact/hooks';
import { formatBytes } from '../lib/problem/amount.ts';
import type { BackupInfo } from '../lib/service/schemas.ts';
import { sendFile } from './client.ts';
import { useAction } from './load.ts';
import { Notice, ProblemNotice, Section } from './pieces.tsx';
import { Link } from './router.tsx';
import { labelOf } from './words.ts';

/** The form. Only an administrator may upload: an import without a manifest needs the same right. */
export function Upload({ changed }: { readonly changed: () => void }) {
  const [file, setFile] = useState<File>();
  const [sent, setSent] = useState(0);
  const [made, setMade] = useState<BackupInfo>();
  const stop = useRef<() => void>(undefined);
  const upload = useAction(async () => {
    if (file === undefined) return;
    setMade(undefined);
    setSent(0);
    const path = `/api/backups?name=${encodeURIComponent(labelOf(file.name))}`;
    const { answer, cancel } = sendFile<BackupInfo>(path, file, setSent);
    stop.current = cancel;
    setMade(await answer);
    changed();
  });
  const submit = (event: Event) => {
    event.preventDefault();
    void upload.run();
  };
  return (
    <Section id="upload" title="Upload a dump">
      <form class="card stack" onSubmit={submit}>
        <FileField choose={setFile} />
        {upload.isBusy && file && <Sent sent={sent} of={file.size} />}
        {upload.problem && <ProblemNotice problem={upload.problem} />}
        {made && <Uploaded file={made.file} />}
        <div class="row">
          <button type="submit" class="main" aria-disabled={upload.isBusy || file === undefined}>
            {upload.isBusy ? 'Uploading…' : 'Upload'}
          </button>
          {upload.isBusy && (
            <button type="button" class="danger" onClick={() => stop.current?.()}>
              Cancel the upload
            </button>
          )}
        </div>
      </form>
    </Section>
  );
}

function FileField({ choose }: { readonly choose: (file: File | undefined) => void }) {
  return (
    <div class="field">
      <label for="dump">File</label>
      <input
        id="dump"
        type="file"
        required
        aria-describedby="dump-help"
        onChange={(event) => choose((event.target as HTMLInputElement).files?.[0])}
      />
      <p id="dump-help" class="small quiet">
        SQL as UTF-8 text, SQL compressed by gzip or zstd, or an archive of pg_dump -Fc or -Ft. pgmage knows
        nothing of its content: an import of it runs as a script, in one transaction.
      </p>
    </div>
  );
}

function Sent({ sent, of }: { readonly sent: number; readonly of: number }) {
  const percent = of === 0 ? 100 : Math.floor((100 * sent) / of);
  return (
    <div class="section">
      <progress max={100} value={percent} aria-label="Upload" />
      <p class="small quiet">
        {formatBytes(sent)} of {formatBytes(of)}
      </p>
      {/* Said at each tenth only. */}
      <p class="unseen" role="status">
        {percent === 100
          ? 'The service checks the file'
          : `Uploaded ${Math.floor(percent / 10) * 10} percent`}
      </p>
    </div>
  );
}

function Uploaded({ file }: { readonly file: string }) {
  return (
    <Notice tone="good">
      <p role="status">
        Uploaded as <code>{file}</code>.{' '}
        <Link href={`/new?kind=import&file=${encodeURIComponent(file)}&withoutManifest=yes`}>Import it</Link>
      </p>
    </Notice>
  );
}
