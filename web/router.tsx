// The address bar as state: the page and its query, and links that change them without a reload.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

/** The current address. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const listeners = new Set<() => void>();

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** The current address; the component is drawn again when it changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  // Before the page is painted: a choice that is made at once would else be missed.
  useLayoutEffect(() => {
    const changed = () => setPlace(here());
    listeners.add(changed);
    addEventListener('popstate', changed);
    return () => {
      listeners.delete(changed);
      removeEventListener('popstate', changed);
    };
  }, []);
  return place;
}

/** Opens a page as a link does. */
export function openPage(to: string): void {
  history.pushState(null, '', to);
  scrollTo(0, 0);
  for (const changed of listeners) changed();
}

/** Keeps the choices of a page in its address, so that a reload finds them again; '' removes one. */
export function keepInAddress(choices: Readonly<Record<string, string>>): void {
  const { path, query } = here();
  for (const [name, value] of Object.entries(choices))
    if (value === '') query.delete(name);
    else query.set(name, value);
  const text = query.toString();
  history.replaceState(null, '', text === '' ? path : `${path}?${text}`);
  for (const changed of listeners) changed();
}

interface LinkProps {
  readonly href: string;
  readonly class?: string;
  readonly 'aria-label'?: string;
  readonly 'aria-current'?: 'page' | undefined;
  readonly children: ComponentChildren;
}

/** Follows a link without a reload. Other keys and buttons do what the browser does with them. */
export function follow(event: MouseEvent, href: string): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  openPage(href);
}

/** A link to another page of the service. */
export function Link({ href, children, ...rest }: LinkProps) {
  return (
    <a {...rest} href={href} onClick={(event) => follow(event, href)}>
      {children}
    </a>
  );
}
