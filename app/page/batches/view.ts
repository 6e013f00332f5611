import { useEffect, useState } from "preact/hooks";
import { type BatchState, batchStates } from "../../batches/batch-state.js";

/** What the page shows. All of it is in the address, so that reloading, "back" and a shared link show the same. */
export interface View {
  /** Id of the single batch to show. */
  readonly batch?: string;
  readonly feed?: string;
  readonly state?: BatchState;
  /** Cursor of the page of the list. */
  readonly cursor?: string;
}

/** Reads the query string of an address. Unknown parameters are ignored. */
export function readView(search: string): View {
  const given = new URLSearchParams(search);
  const [batch, feed, cursor] = ["batch", "feed", "cursor"].map((name) => given.get(name)?.trim());
  const state = batchStates.find((known) => known === given.get("state"));
  return {
    ...(batch && /^\d+$/.test(batch) && { batch }),
    ...(feed && { feed }),
    ...(state && { state }),
    ...(cursor && { cursor }),
  };
}

/** The address of a view, such as `?feed=asia&state=failed`. */
export function writeView(view: View): string {
  const query = new URLSearchParams(Object.entries(view));
  return query.size > 0 ? `?${query}` : location.pathname;
}

/**
 * The view in the address bar, and a function to show another one. Each view is an entry of the browser history, so
 * "back" works.
 */
export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(() => readView(location.search));
  useEffect(() => {
    const follow = () => setView(readView(location.search));
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);
  return [
    view,
    (next) => {
      history.pushState(null, "", writeView(next));
      setView(next);
      scrollTo({ top: 0 });
    },
  ];
}
