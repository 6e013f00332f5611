import { formatDay, formatWeekday } from "../../day.js";
import { LaneLetter } from "../question/lane-letter.js";
import { formatChange, formatPrice, formatPrices } from "../series/price.js";
import { LEAST_PRICES } from "../series/rates.js";
import { differenceBetween, type Summary, summaryOf } from "../series/summary.js";
import type { LaneView, View } from "../series/view.js";
import { Figure } from "./figure.js";

interface FiguresProps {
  readonly view: View;
}

/** The latest rate of each lane on the days that are shown, and how it came there. It is the legend of the chart too. */
export function Figures({ view: { lanes } }: FiguresProps) {
  const [first] = lanes;
  if (first && lanes.length === 1) return <LoneFigures lane={first} />;
  return (
    <ul class="lanes" aria-label="Lanes">
      {lanes.map((lane) => (
        <LaneFigures key={lane.position} lane={lane} first={lane === first ? undefined : first} />
      ))}
    </ul>
  );
}

function LoneFigures({ lane }: { readonly lane: LaneView }) {
  const summary = summaryOf(lane);
  const shown = summary.latest ?? lane.rates[lane.rates.length - 1];
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
        <ChangeFigures summary={summary} />
        <RangeFigures summary={summary} />
        <Figure name="Days with a rate">
          {summary.ratedDays} of {lane.rates.length}
        </Figure>
      </dl>
    </div>
  );
}

interface LaneFiguresProps {
  readonly lane: LaneView;
  /** The lane to compare with; undefined for the first one. */
  readonly first: LaneView | undefined;
}

function LaneFigures({ lane, first }: LaneFiguresProps) {
  const summary = summaryOf(lane);
  const { latest } = summary;
  const difference = first && differenceBetween(lane.rates, first.rates);
  return (
    <li class="lane">
      <LaneLetter position={lane.position} />
      <div class="lane-name">
        <p>{lane.name}</p>
        <p class="lane-days">
          {summary.ratedDays} of {lane.rates.length} days have a rate
        </p>
      </div>
      <dl class="lane-figures">
        <Figure name="Latest" about={latest && formatDay(latest.day)}>
          {latest ? formatPrice(latest.price) : undefined}
        </Figure>
        <ChangeFigures summary={summary} />
        <RangeFigures summary={summary} />
        {first && (
          <Figure name={`Against ${first.letter}`} about="on the days that both have">
            {difference === undefined ? undefined : formatChange(difference)}
          </Figure>
        )}
      </dl>
    </li>
  );
}

interface SummaryProps {
  readonly summary: Summary;
}

function ChangeFigures({ summary: { changes } }: SummaryProps) {
  return (
    <>
      {(["week", "month", "year"] as const).map((span) => {
        const change = changes[span];
        return (
          <Figure key={span} name={`Past ${span}`} about={change && `since ${formatDay(change.since)}`}>
            {change && formatChange(change.ratio)}
          </Figure>
        );
      })}
    </>
  );
}

function RangeFigures({ summary: { mean, lowest, highest } }: SummaryProps) {
  return (
    <>
      <Figure name="Mean" about="of all prices shown">
        {mean === null ? undefined : formatPrice(mean)}
      </Figure>
      <Figure name="Lowest" about={lowest && formatDay(lowest.day)}>
        {lowest && formatPrice(lowest.price)}
      </Figure>
      <Figure name="Highest" about={highest && formatDay(highest.day)}>
        {highest && formatPrice(highest.price)}
      </Figure>
    </>
  );
}
