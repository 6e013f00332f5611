import type { Database } from "../../app/database/database.js";
import { importPlaces } from "../../app/places/import-places.js";

/** Places as in the two files: `code → region` and `slug → parent region`. The value "" means none. */
export interface PlaceTree {
  readonly ports: Readonly<Record<string, string>>;
  readonly regions: Readonly<Record<string, string>>;
}

/**
 * China with a port, and a region in it with another port; Europe with a port two levels below; and a port without a
 * region.
 */
export const SAMPLE_PLACES: PlaceTree = {
  regions: {
    china: "",
    china_main: "china",
    europe: "",
    north_europe: "europe",
    scandinavia: "north_europe",
    empty: "",
  },
  ports: { CNSGH: "china_main", CNHKG: "china", NLRTM: "north_europe", SEGOT: "scandinavia", USNYC: "" },
};

/** Imports places as `ratesapp places import` does. The name of each is "Name of" and its code. */
export async function bringPlaces(database: Database, places: PlaceTree = SAMPLE_PLACES): Promise<void> {
  const content = (header: string, parents: Readonly<Record<string, string>>) =>
    [header, ...Object.entries(parents).map(([code, parent]) => `${code},Name of ${code},${parent}`), ""].join("\n");
  const { ports, regions } = places;
  await importPlaces(database, {
    ports: { name: "ports.csv", content: content("code,name,parent_slug", ports) },
    // An import refuses a file that has only a header.
    ...(Object.keys(regions).length > 0 && {
      regions: { name: "regions.csv", content: content("slug,name,parent_slug", regions) },
    }),
  });
}
