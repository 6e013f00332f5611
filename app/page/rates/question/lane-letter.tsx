import { letterOf } from "./lane.js";

interface LaneLetterProps {
  readonly position: number;
}

/** The letter of a lane on its colour, as at the end of its line. Readers who do not tell the colours apart have it. */
export function LaneLetter({ position }: LaneLetterProps) {
  return (
    <span class={`lane-letter lane-${position + 1}`}>
      <span class="unseen">Lane </span>
      {letterOf(position)}
    </span>
  );
}
