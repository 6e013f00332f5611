import type { Batch } from "./batch.js";
import { StateMark } from "./state-mark.js";
import { writeView } from "./view.js";

/** The feed and source of a batch, its number (a link that shows it alone) and its state. */
export function BatchHead({ batch }: { readonly batch: Batch }) {
  return (
    <div class="batch-head">
      <h3>
        {batch.feed}{" "}
        <a class="batch-number" href={writeView({ batch: String(batch.id) })} aria-label={`Batch #${batch.id}`}>
          #{batch.id}
        </a>
      </h3>
      <StateMark batch={batch} />
      {batch.mode !== "append" && <span class="state">{batch.mode}</span>}
      <p class="batch-source" title={batch.source}>
        {batch.source}
      </p>
    </div>
  );
}
