import { formatCount, formatMoment } from "./amount.js";
import type { FeedState } from "./batch.js";
import { writeView } from "./view.js";

/** More rows would push the batches off the screen; they are shown when they are asked for. */
const MOST_OPEN = 12;
/** The operator says something every minute. */
const AWAY_AFTER_MS = 180_000;
const WELL: ReadonlySet<string> = new Set(["Ready", "Suspended", "Ingesting"]);

/** The feeds of Kubernetes, those with a trouble first. */
export function FeedTable({ feeds }: { readonly feeds: readonly FeedState[] }) {
  const troubled = feeds.filter(({ state }) => !WELL.has(state));
  const well = feeds.filter(({ state }) => WELL.has(state));
  const saidAt = feeds.reduce((last, { reported_at }) => (reported_at > last ? reported_at : last), "");
  const trouble = troubled.length > 0 ? `, ${troubled.length} in trouble` : "";
  return (
    <details class="feeds" open={feeds.length <= MOST_OPEN}>
      <summary>
        {formatCount(feeds.length, "feed", "feeds")}
        {trouble}
      </summary>
      {Date.now() - Date.parse(saidAt) > AWAY_AFTER_MS && (
        <p class="feeds-away">The operator is away. This is what it said at {formatMoment(saidAt)}.</p>
      )}
      <table class="feeds-table">
        <caption class="unseen">Feeds</caption>
        <thead>
          <tr>
            <th scope="col">Feed</th>
            <th scope="col">State</th>
            <th scope="col">Next run</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {[...troubled, ...well].map(({ feed, state, message, next_run }) => (
            <tr key={feed}>
              <th scope="row">
                <a href={writeView({ feed })}>{feed}</a>
              </th>
              <td>
                <span class={`state state-feed-${WELL.has(state) ? "well" : "troubled"}`}>{state}</span>
              </td>
              <td>{next_run && <time dateTime={next_run}>{formatMoment(next_run)}</time>}</td>
              <td class="feeds-why">{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
