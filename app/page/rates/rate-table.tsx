import { formatWeekday } from "../day.js";
import { formatPriceExactly } from "./price.js";
import type { Rate } from "./rates.js";

interface RateTableProps {
  readonly caption: string;
  /** Oldest first. The table shows them newest first, as the API does. */
  readonly rates: readonly Rate[];
}

/** A table of the rates, one row for each day. */
export function RateTable({ caption, rates }: RateTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="table-box" tabIndex={0} aria-label={caption}>
      <table class="table">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col" class="number">
              Rate
            </th>
            <th scope="col" class="number">
              Prices
            </th>
          </tr>
        </thead>
        <tbody>
          {[...rates].reverse().map(({ day, price, count }) => (
            <tr key={day} class={price === null ? "row-none" : undefined}>
              <th scope="row">
                <time dateTime={day}>{formatWeekday(day)}</time>
              </th>
              <td class="number">
                {price === null ? (
                  <>
                    <span aria-hidden="true">–</span>
                    <span class="unseen">no rate</span>
                  </>
                ) : (
                  <data value={price}>{formatPriceExactly(price)}</data>
                )}
              </td>
              <td class="number">
                <data value={count ?? ""}>{(count ?? 0).toLocaleString("en-US")}</data>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
