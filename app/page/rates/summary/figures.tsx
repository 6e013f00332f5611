import { formatDay, formatWeekday } from "../day.js";
import { formatPrice, formatPrices } from "./price.js";
import { LEAST_PRICES, type Rate } from "./rates.js";

interface FiguresProps {
  /** Oldest first. */
  readonly rates: readonly Rate[];
  /** Index of the day that the pointer is on in the chart; null shows the latest rate. */
  readonly pointed: number | null;
}

/**
 * Shows the rate of one day in large type, and a summary of the range. It is not announced to screen readers, because
 * the chart announces each day.
 */
export function Figures({ rates, pointed }: FiguresProps) {
  const rated = rates.filter((rate): rate is Rate & { price: number } => rate.price !== null);
  const shown = (pointed === null ? rated[rated.length - 1] : rates[pointed]) ?? rates[rates.length - 1];
  const first = rated[0];
  const last = rated[rated.length - 1];
  const byPrice = [...rated].sort((a, b) => a.price - b.price);
  const low = byPrice[0];
  const high = byPrice[byPrice.length - 1];

  return (
    <div class="figures">
      {shown && (
        <div class="figure-now">
          <p class={`figure-price ${shown.price === null ? "figure-none" : ""}`}>
            {shown.price === null ? "No rate" : formatPrice(shown.price)}
          </p>
          <p class="figure-day">
            <time dateTime={shown.day}>{formatWeekday(shown.day)}</time>
            {" · "}
            {shown.count === null ? "no prices" : formatPrices(shown.count)}
            {shown.price === null && shown.count !== null && ` of ${LEAST_PRICES} needed`}
          </p>
        </div>
      )}
      <dl class="figure-list">
        {first && last && first !== last && (
          <div>
            <dt>Change</dt>
            <dd title={`${formatDay(first.day)} to ${formatDay(last.day)}`}>
              {changeInPercent(first.price, last.price)}
            </dd>
          </div>
        )}
        {low && (
          <div>
            <dt>Lowest</dt>
            <dd title={formatDay(low.day)}>{formatPrice(low.price)}</dd>
          </div>
        )}
        {high && (
          <div>
            <dt>Highest</dt>
            <dd title={formatDay(high.day)}>{formatPrice(high.price)}</dd>
          </div>
        )}
        <div>
          <dt>Days with a rate</dt>
          <dd>
            {rated.length} of {rates.length}
          </dd>
        </div>
      </dl>
    </div>
  );
}

const percent = new Intl.NumberFormat("en-US", {
  style: "percent",
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});

function changeInPercent(from: number, to: number): string {
  return from === 0 ? "–" : percent.format(to / from - 1).replace("-", "−");
}
