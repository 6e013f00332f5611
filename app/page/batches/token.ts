import { useCallback, useState } from "preact/hooks";

/** Session storage: the token is gone with the tab, and no other tab reads it. */
const KEY = "ratesapp-token";

/** The bearer token of this tab, and how to set it; undefined forgets it. */
export function useToken(): [string | undefined, (token: string | undefined) => void] {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEY) ?? undefined);
  const keep = useCallback((next: string | undefined) => {
    if (next) sessionStorage.setItem(KEY, next);
    else sessionStorage.removeItem(KEY);
    setToken(next);
  }, []);
  return [token, keep];
}
