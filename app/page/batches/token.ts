import { useCallback, useState } from "preact/hooks";

/** Key in the session storage. The token is gone when the tab closes, and other tabs cannot read it. */
const KEY = "ratesapp-token";

/** The bearer token of this tab, and a function to set it; undefined removes it. */
export function useToken(): [string | undefined, (token: string | undefined) => void] {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEY) ?? undefined);
  const keep = useCallback((next: string | undefined) => {
    if (next) sessionStorage.setItem(KEY, next);
    else sessionStorage.removeItem(KEY);
    setToken(next);
  }, []);
  return [token, keep];
}
