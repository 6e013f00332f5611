import { formatDay, formatWeekdayName } from "../day.js";
import { LaneLetter } from "./question/lane-letter.js";
import { formatIndex, formatPriceExactly } from "./series/price.js";
import type { LaneView, View } from "./series/view.js";

interface RateTableProps {
  readonly caption: string;
  readonly view: View;
}

/** A table with a row for each day, newest first as in the API, and a column for each lane. */
export function RateTable({ caption, view }: RateTableProps) {
  const { lanes, indexed } = view;
  const newestFirst = (lanes[0]?.rates ?? []).map(({ day }, index) => ({ day, index })).reverse();
  const format = indexed ? formatIndex : formatPriceExactly;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class={`table-box table-of-${lanes.length * (lanes[0]?.means ? 2 : 1)}`} tabIndex={0} aria-label={caption}>
      <table class="table">
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Day</th>
            {lanes.map((lane) => (
              <LaneHeads key={lane.position} lane={lane} alone={lanes.length === 1} indexed={indexed} />
            ))}
          </tr>
        </thead>
        <tbody>
          {newestFirst.map(({ day, index }) => (
            <tr key={day} class={lanes.every(({ values }) => values[index] === null) ? "row-none" : undefined}>
              <th scope="row">
                <time dateTime={day}>
                  <span class="table-weekday">{formatWeekdayName(day)}, </span>
                  {formatDay(day)}
                </time>
              </th>
              {lanes.map((lane) => (
                <LaneCells key={lane.position} lane={lane} index={index} alone={lanes.length === 1} format={format} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface LaneHeadsProps {
  readonly lane: LaneView;
  /** True if there is no other lane. Then the number of prices has a column too. */
  readonly alone: boolean;
  readonly indexed: boolean;
}

function LaneHeads({ lane: { position, name, means }, alone, indexed }: LaneHeadsProps) {
  const unit = indexed ? "Index" : "Rate";
  return (
    <>
      <th scope="col" class="number">
        {alone ? (
          unit
        ) : (
          <>
            <LaneLetter position={position} /> <span class="table-lane">{name}</span>
          </>
        )}
      </th>
      {means && (
        <th scope="col" class="number">
          {!alone && <LaneLetter position={position} />} 7-day mean
        </th>
      )}
      {alone && (
        <th scope="col" class="number">
          Prices
        </th>
      )}
    </>
  );
}

interface LaneCellsProps {
  readonly lane: LaneView;
  readonly index: number;
  readonly alone: boolean;
  readonly format: (value: number) => string;
}

function LaneCells({ lane: { rates, values, means }, index, alone, format }: LaneCellsProps) {
  const count = rates[index]?.count ?? null;
  return (
    <>
      <ValueCell value={values[index] ?? null} none="no rate" format={format} />
      {means && <ValueCell value={means[index] ?? null} none="no mean" format={format} />}
      {alone && (
        <td class="number">
          <data value={count ?? ""}>{(count ?? 0).toLocaleString("en-US")}</data>
        </td>
      )}
    </>
  );
}

interface ValueCellProps {
  readonly value: number | null;
  /** What a screen reader says if there is none. */
  readonly none: string;
  readonly format: (value: number) => string;
}

function ValueCell({ value, none, format }: ValueCellProps) {
  return (
    <td class="number">
      {value === null ? (
        <>
          <span aria-hidden="true">–</span>
          <span class="unseen">{none}</span>
        </>
      ) : (
        <data value={value}>{format(value)}</data>
      )}
    </td>
  );
}
