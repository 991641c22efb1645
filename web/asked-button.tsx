// A button whose action cannot be undone: it asks first.
import { useId, useRef, useState } from 'preact/hooks';
import type { Action } from './load.ts';
import { ProblemNotice } from './pieces.tsx';

interface AskedButtonProps {
  /** The action in one word: `Delete`. */
  readonly word: string;
  /** The object of the action. */
  readonly name: string;
  /** The consequence, as a sentence. */
  readonly about: string;
  /** The objects, where there are several. */
  readonly items?: readonly string[];
  readonly action: Action<[]>;
}

/** The button with its question. Escape, or the other button, changes nothing. */
export function AskedButton({ word, name, about, items = [], action }: AskedButtonProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isAsked, setIsAsked] = useState(false);
  const title = useId();
  const ask = () => {
    setIsAsked(true);
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" class="danger" aria-label={`${word} ${name}`} onClick={ask}>
        {items.length > 0 ? `${word} ${name}` : word}
      </button>
      <dialog ref={dialog} aria-labelledby={title} onClose={() => setIsAsked(false)}>
        {isAsked && (
          <div class="stack">
            <h2 id={title}>
              {word} {name}?
            </h2>
            <About about={about} name={name} items={items} />
            {action.problem && <ProblemNotice problem={action.problem} />}
            <div class="row">
              <button type="button" onClick={() => dialog.current?.close()}>
                Change nothing
              </button>
              <button
                type="button"
                class="main danger"
                aria-disabled={action.isBusy}
                onClick={() => action.run()}
              >
                {word}
              </button>
            </div>
          </div>
        )}
      </dialog>
    </>
  );
}

type AboutProps = Pick<AskedButtonProps, 'about' | 'name'> & { readonly items: readonly string[] };

function About({ about, name, items }: AboutProps) {
  return (
    <>
      <p>{about}</p>
      {items.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls needs the keyboard.
        <ul class="items scrolls" tabIndex={0} aria-label={name}>
          {items.map((item) => (
            <li key={item}>
              <code>{item}</code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
