// The pieces that every page is made of: heading, state, problem, command, empty and loading states.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ShownProblem } from './client.ts';
import type { IconName, Tone } from './drawings.ts';
import { Icon } from './icons.tsx';

/** The frame of a page. Its heading takes the focus when the page opens, so that a screen reader says it. */
export function Page(props: {
  readonly title: string;
  readonly about?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · pgmage`;
  }, [props.title]);
  useEffect(() => {
    if (isFirst) isFirst = false;
    else heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div class="page">
      <div class="head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {props.title}
          </h1>
          {props.about && <p class="quiet">{props.about}</p>}
        </div>
        {props.actions && <div class="row">{props.actions}</div>}
      </div>
      {props.children}
    </div>
  );
}

// The browser sets the focus of the first page itself.
let isFirst = true;

/** A part of a page, named by its heading. */
export function Section(props: {
  readonly id: string;
  readonly title: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="section" aria-labelledby={props.id}>
      <div class="spread">
        <h2 id={props.id}>{props.title}</h2>
        {props.actions}
      </div>
      {props.children}
    </section>
  );
}

/** A state as mark and word. */
export function State(props: { readonly tone: Tone; readonly icon: IconName; readonly text: string }) {
  return (
    <span class={`state ${props.tone}`}>
      <Icon name={props.icon} size={12} />
      {props.text}
    </span>
  );
}

/** A problem with its hint, as the command line shows it: plain text. */
export function ProblemNotice({ problem }: { readonly problem: ShownProblem }) {
  return (
    <div class="notice bad" role="alert">
      <p class="what">{problem.message}</p>
      {problem.hint && <p class="hint">Hint: {problem.hint}</p>}
      <p class="small quiet">
        Code: <code>{problem.code}</code>
      </p>
    </div>
  );
}

/** A message that is not a failure. */
export function Notice(props: {
  readonly tone: 'good' | 'warn' | 'bad' | 'quiet';
  readonly children: ComponentChildren;
}) {
  return <div class={`notice ${props.tone}`}>{props.children}</div>;
}

/** The place of data that is on its way. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <div class="waiting" role="status">
      <span class="unseen">Loading {what}…</span>
      <span aria-hidden="true" />
      <span aria-hidden="true" />
    </div>
  );
}

/** The place of data that does not exist yet, with the first thing to do. */
export function Empty(props: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** A command with a button that copies it. */
export function Command({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [copied, setCopied] = useState<'' | 'Copied' | 'Select the text and copy it'>('');
  const code = useRef<HTMLElement>(null);
  // Browsers have a clipboard only on loopback and over https.
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied('Copied');
    } catch {
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setCopied('Select the text and copy it');
    }
  };
  return (
    <div class="command">
      <code ref={code}>{text}</code>
      <span class="small quiet" role="status">
        {copied}
      </span>
      <button type="button" class="plain" onClick={copy} aria-label={`${label}: ${text}`}>
        <Icon name="copy" />
        {label}
      </button>
    </div>
  );
}

/** Names and values. Empty values are left out. */
export function Facts(props: {
  readonly facts: readonly (readonly [string, ComponentChildren])[];
  readonly flat?: boolean;
}) {
  const facts = props.facts.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return (
    <dl class={props.flat ? 'facts flat' : 'facts'}>
      {props.flat
        ? facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))
        : facts.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
    </dl>
  );
}

/** Shown while the event stream is cut. */
export function StreamLost() {
  return (
    <Notice tone="warn">
      <p role="status">The connection to the service was lost. This page reconnects by itself.</p>
    </Notice>
  );
}
