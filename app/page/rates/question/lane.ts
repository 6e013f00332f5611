/**
 * A pair of places: codes of ports or slugs of regions. They may be any text, because an address can contain anything;
 * undefined where the visitor has not chosen yet.
 */
export interface Lane {
  readonly origin: string | undefined;
  readonly destination: string | undefined;
}

/** A lane that can be asked for. */
export interface CompleteLane extends Lane {
  readonly origin: string;
  readonly destination: string;
}

/** At most this many lanes stand on one chart. There are so many colours that differ for every reader. */
export const MOST_LANES = 6;

export function isComplete(lane: Lane): lane is CompleteLane {
  return lane.origin !== undefined && lane.destination !== undefined;
}

/** `A` for the first lane. It marks a lane beside its colour, on the chart, in the legend and in the table. */
export function letterOf(position: number): string {
  return String.fromCharCode("A".charCodeAt(0) + position);
}

/** Reads `CNSGH:NLRTM`, as {@link writeLane} writes it. */
export function readLane(text: string): Lane {
  const [origin = "", destination = ""] = text.split(":", 2);
  return { origin: origin || undefined, destination: destination || undefined };
}

/** `CNSGH:NLRTM`, as the API names lanes; `CNSGH:` without a destination. */
export function writeLane({ origin = "", destination = "" }: Lane): string {
  return `${origin}:${destination}`;
}
