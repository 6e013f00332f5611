/** A part of the world in which prices move together. */
export type Trade =
  | "far_east"
  | "south_east_asia"
  | "south_asia"
  | "middle_east"
  | "mediterranean"
  | "north_europe"
  | "north_america"
  | "latin_america"
  | "africa"
  | "oceania";

/** Seas that ships pass, and the trade of each. */
export const tradeOfSea = {
  yellow_sea: "far_east",
  east_china_sea: "far_east",
  south_china_sea: "far_east",
  japan_pacific: "far_east",
  singapore_strait: "south_east_asia",
  malacca_strait: "south_east_asia",
  java_sea: "south_east_asia",
  ceylon: "south_asia",
  bay_of_bengal: "south_asia",
  arabian_sea: "south_asia",
  persian_gulf: "middle_east",
  red_sea: "middle_east",
  suez_north: "mediterranean",
  east_mediterranean: "mediterranean",
  aegean: "mediterranean",
  adriatic: "mediterranean",
  central_mediterranean: "mediterranean",
  west_mediterranean: "mediterranean",
  gibraltar: "mediterranean",
  english_channel: "north_europe",
  north_sea: "north_europe",
  irish_sea: "north_europe",
  kattegat: "north_europe",
  baltic_sea: "north_europe",
  nova_scotia: "north_america",
  us_east_coast: "north_america",
  florida_strait: "north_america",
  gulf_of_mexico: "north_america",
  california: "north_america",
  pacific_north_west: "north_america",
  mexico_pacific: "latin_america",
  caribbean: "latin_america",
  south_america_west: "latin_america",
  brazil: "latin_america",
  river_plate: "latin_america",
  gulf_of_guinea: "africa",
  natal: "africa",
  east_africa: "africa",
  tasman_sea: "oceania",
} as const satisfies Record<string, Trade>;

export type Sea = keyof typeof tradeOfSea;

/** Neighbouring seas, and roughly the distance by ship between them, in nautical miles. */
const LEGS: readonly (readonly [Sea, Sea, number])[] = [
  ["yellow_sea", "east_china_sea", 450],
  ["east_china_sea", "japan_pacific", 900],
  ["east_china_sea", "south_china_sea", 700],
  ["south_china_sea", "singapore_strait", 1300],
  ["south_china_sea", "java_sea", 1600],
  ["south_china_sea", "tasman_sea", 4400],
  ["singapore_strait", "malacca_strait", 250],
  ["singapore_strait", "java_sea", 600],
  ["singapore_strait", "natal", 4900],
  ["malacca_strait", "ceylon", 1300],
  ["malacca_strait", "bay_of_bengal", 1100],
  ["ceylon", "bay_of_bengal", 1000],
  ["ceylon", "arabian_sea", 900],
  ["ceylon", "east_africa", 2500],
  ["arabian_sea", "persian_gulf", 900],
  ["arabian_sea", "red_sea", 2000],
  ["arabian_sea", "east_africa", 2300],
  ["red_sea", "suez_north", 800],
  ["suez_north", "east_mediterranean", 250],
  ["suez_north", "central_mediterranean", 950],
  ["east_mediterranean", "aegean", 500],
  ["aegean", "central_mediterranean", 600],
  ["adriatic", "central_mediterranean", 700],
  ["central_mediterranean", "west_mediterranean", 600],
  ["central_mediterranean", "gibraltar", 1000],
  ["west_mediterranean", "gibraltar", 600],
  ["gibraltar", "english_channel", 1200],
  ["gibraltar", "us_east_coast", 3200],
  ["gibraltar", "gulf_of_guinea", 3000],
  ["gibraltar", "brazil", 4400],
  ["english_channel", "north_sea", 250],
  ["english_channel", "irish_sea", 450],
  ["english_channel", "nova_scotia", 2600],
  ["north_sea", "kattegat", 550],
  ["kattegat", "baltic_sea", 450],
  ["nova_scotia", "us_east_coast", 700],
  ["us_east_coast", "florida_strait", 800],
  ["us_east_coast", "caribbean", 1700],
  ["us_east_coast", "brazil", 4900],
  ["florida_strait", "gulf_of_mexico", 950],
  ["florida_strait", "caribbean", 1100],
  ["caribbean", "mexico_pacific", 1900],
  ["caribbean", "south_america_west", 1600],
  ["caribbean", "brazil", 3700],
  ["mexico_pacific", "california", 1250],
  ["california", "pacific_north_west", 1100],
  ["california", "japan_pacific", 4850],
  ["california", "south_america_west", 3700],
  ["california", "tasman_sea", 6400],
  ["pacific_north_west", "japan_pacific", 4250],
  ["south_america_west", "tasman_sea", 6200],
  ["brazil", "river_plate", 1000],
  ["brazil", "gulf_of_guinea", 3600],
  ["brazil", "natal", 4400],
  ["gulf_of_guinea", "natal", 3400],
  ["natal", "east_africa", 1700],
  ["tasman_sea", "java_sea", 3900],
];

/** Distance between two ports of the same sea. */
const WITHIN_A_SEA = 300;

const distances = shortestWays();

/** The shortest distance by sea, in nautical miles, including canals. */
export function seaDistance(from: Sea, to: Sea): number {
  return WITHIN_A_SEA + (distances.get(from)?.get(to) ?? Number.POSITIVE_INFINITY);
}

/** Floyd–Warshall; for 39 seas this takes 60,000 steps. */
function shortestWays(): Map<Sea, Map<Sea, number>> {
  const seas = Object.keys(tradeOfSea) as Sea[];
  const ways = new Map(seas.map((sea) => [sea, new Map<Sea, number>([[sea, 0]])]));
  for (const [a, b, miles] of LEGS) {
    ways.get(a)?.set(b, miles);
    ways.get(b)?.set(a, miles);
  }
  for (const via of seas) {
    for (const from of ways.values()) {
      const first = from.get(via);
      if (first === undefined) continue;
      for (const [to, rest] of ways.get(via) ?? []) {
        if (first + rest < (from.get(to) ?? Number.POSITIVE_INFINITY)) from.set(to, first + rest);
      }
    }
  }
  return ways;
}
