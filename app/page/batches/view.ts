import { useEffect, useState } from "preact/hooks";
import { type BatchState, batchStates } from "../../batches/batch-state.js";

/** What the page shows. The address holds all of it, so that reload, back and a shared link show the same. */
export interface View {
  /** Number of the only one that is shown. */
  readonly batch?: string;
  readonly feed?: string;
  readonly state?: BatchState;
  /** Of the page of the list. */
  readonly cursor?: string;
}

/** Of the part of an address behind its path. What it does not know is left out. */
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

/** The address that shows it, such as `?feed=asia&state=failed`. */
export function writeView(view: View): string {
  const query = new URLSearchParams(Object.entries(view));
  return query.size > 0 ? `?${query}` : location.pathname;
}

/** The view in the address bar, and how to show another: each is an entry of the history, so back undoes it. */
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
