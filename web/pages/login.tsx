// The login with an API key. It takes the place of a page, whose address stays.
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { logIn } from '../client.ts';
import { Icon } from '../icons.tsx';
import { useAction } from '../load.ts';
import { Command, Notice, ProblemNotice } from '../pieces.tsx';

/** @param isExpired true if a session has ended while the page was open */
export function LoginPage({ isExpired }: { readonly isExpired: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  const login = useAction(() => logIn(field.current?.value.trim() ?? ''));
  useEffect(() => {
    document.title = 'Log in · pgmage';
    field.current?.focus();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    login.run();
  };
  return (
    <div class="gate">
      <main>
        <div class="stack">
          <span class="brand">
            <Icon name="brand" size={20} />
            pgmage
          </span>
          <h1>Log in</h1>
        </div>
        {isExpired && (
          <Notice tone="warn">
            <p role="status">Your session has ended. After the login you return to this page.</p>
          </Notice>
        )}
        <form class="stack" onSubmit={submit}>
          <KeyField field={field} />
          {login.problem && <ProblemNotice problem={login.problem} />}
          <button type="submit" class="main" aria-disabled={login.isBusy}>
            {login.isBusy ? 'Logging in…' : 'Log in'}
          </button>
        </form>
        <FirstKey />
      </main>
    </div>
  );
}

function KeyField({ field }: { readonly field: RefObject<HTMLInputElement | null> }) {
  return (
    <div class="field">
      <label for="key">API key</label>
      <input
        id="key"
        ref={field}
        type="password"
        required
        autocomplete="current-password"
        placeholder="pgm_…"
        aria-describedby="key-help"
      />
      <p id="key-help" class="small quiet">
        The browser keeps a session for 12 hours, not the key.
      </p>
    </div>
  );
}

function FirstKey() {
  return (
    <div class="stack">
      <p class="quiet">No key yet? Run this command in the folder of the project:</p>
      <Command text="npx pgmage serve:key add laptop --scope read,run,write,download" />
    </div>
  );
}
