import type { Place } from "./places.js";

interface PlaceAboutProps {
  readonly place: Place;
  /** True to leave out the regions around the place, because the tree already shows them. */
  readonly brief?: boolean;
}

/** `CNSGH · China Main`, `18 ports · Northern Europe` */
export function PlaceAbout({ place, brief }: PlaceAboutProps) {
  const about = place.kind === "port" ? place.code : `${place.ports} ${place.ports === 1 ? "port" : "ports"}`;
  // A region may be called after its country.
  const country = place.country !== undefined && !place.around.includes(place.country) ? [place.country] : [];
  const around = [...country, ...place.around];
  return (
    <span class="place-where">
      <span class={place.kind === "port" ? "place-code" : "place-count"}>{about}</span>
      {!brief && around.length > 0 && <span class="place-around"> · {around.join(", ")}</span>}
    </span>
  );
}
