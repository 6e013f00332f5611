import { useState } from "preact/hooks";
import { BatchList } from "./batch-list.js";
import { useToken } from "./token.js";
import { TokenForm } from "./token-form.js";

/** The page of batches: it asks for a token first, and then shows the list. */
export function BatchesPage() {
  const [token, setToken] = useToken();
  const [refused, setRefused] = useState(false);

  if (!token) {
    return (
      <TokenForm
        refused={refused}
        onToken={(next) => {
          setRefused(false);
          setToken(next);
        }}
      />
    );
  }
  return (
    <>
      <BatchList
        token={token}
        onRefused={() => {
          setRefused(true);
          setToken(undefined);
        }}
      />
      <button type="button" class="forget" onClick={() => setToken(undefined)}>
        Forget the token
      </button>
    </>
  );
}
