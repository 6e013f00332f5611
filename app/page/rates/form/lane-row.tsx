import { PlaceField } from "../place/place-field.js";
import type { Place } from "../place/places.js";
import { type Lane, letterOf } from "../question/lane.js";
import { LaneLetter } from "../question/lane-letter.js";
import type { Mistakes } from "./mistakes.js";

interface LaneRowProps {
  readonly lane: Lane;
  readonly position: number;
  readonly places: readonly Place[];
  readonly mistakes: Mistakes | undefined;
  readonly onChange: (lane: Lane) => void;
  /** Undefined for the only lane, which is neither marked nor removed. */
  readonly onRemove: (() => void) | undefined;
}

/** The fields for the two places of a lane. */
export function LaneRow({ lane, position, places, mistakes, onChange, onRemove }: LaneRowProps) {
  const letter = onRemove && letterOf(position);
  const of = letter ? ` of lane ${letter}` : "";
  return (
    <div class={`route ${onRemove ? "route-compared" : ""}`}>
      {onRemove && <LaneLetter position={position} />}
      <PlaceField
        label="From"
        letter={letter}
        places={places}
        code={lane.origin}
        mistake={mistakes?.origin}
        onPick={(origin) => onChange({ ...lane, origin })}
      />
      <button
        type="button"
        class="swap"
        aria-label={`Swap origin and destination${of}`}
        onClick={() => onChange({ origin: lane.destination, destination: lane.origin })}
      >
        <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
          <path d="M3 6h11m-3-3 3 3-3 3M15 12H4m3-3-3 3 3 3" />
        </svg>
      </button>
      <PlaceField
        label="To"
        letter={letter}
        places={places}
        code={lane.destination}
        mistake={mistakes?.destination}
        onPick={(destination) => onChange({ ...lane, destination })}
      />
      {onRemove && (
        <button type="button" class="remove" aria-label={`Remove lane ${letter}`} onClick={onRemove}>
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <path d="m4 4 8 8m0-8-8 8" />
          </svg>
        </button>
      )}
    </div>
  );
}
