import type { Batch } from "./batch.js";
import { StateMark } from "./state-mark.js";

/** Who sent it, which it is, and what has become of it. */
export function BatchHead({ batch }: { readonly batch: Batch }) {
  return (
    <div class="batch-head">
      <h3>
        {batch.feed} <span class="batch-number">#{batch.id}</span>
      </h3>
      <StateMark batch={batch} />
      {batch.mode !== "append" && <span class="state">{batch.mode}</span>}
      <p class="batch-source" title={batch.source}>
        {batch.source}
      </p>
    </div>
  );
}
