import { foldName } from "./fold-name.js";

/** A country, as the first two letters of a UN/LOCODE name it (ISO 3166-1). */
export interface Country {
  readonly code: string;
  /** In English. */
  readonly name: string;
  /** Without {@link name}. */
  readonly otherNames: readonly string[];
}

const ENGLISH = new Intl.DisplayNames("en", { type: "region", fallback: "none" });

/**
 * What people type for a country, where this is not the beginning of a word of its name. The names of
 * `Intl.DisplayNames` change with the release of Node.js, so some names are here that one release has and another not.
 */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  AE: ["UAE", "Emirates"],
  CD: ["DR Congo", "Democratic Republic of the Congo"],
  CG: ["Republic of the Congo"],
  CI: ["Ivory Coast"],
  CV: ["Cabo Verde"],
  DE: ["Deutschland"],
  ES: ["España"],
  GB: ["UK", "Great Britain", "England"],
  HK: ["Hong Kong"],
  KR: ["Korea", "Republic of Korea"],
  MM: ["Burma"],
  MO: ["Macau"],
  NL: ["Holland"],
  RU: ["Russian Federation"],
  SA: ["KSA"],
  TL: ["East Timor"],
  TR: ["Turkey", "Türkiye"],
  US: ["USA", "America", "United States of America"],
  VN: ["Viet Nam"],
};

const known = new Map<string, Country | null>();

/** The country of a port; null if its code begins with the letters of no country, such as XZ for the high seas. */
export function countryOf(portCode: string): Country | null {
  const code = portCode.slice(0, 2);
  let country = known.get(code);
  if (country === undefined) {
    const name = ENGLISH.of(code);
    country = name === undefined ? null : { code, name, otherNames: otherThan(name, OTHER_NAMES[code] ?? []) };
    known.set(code, country);
  }
  return country;
}

/** The names that are no other spelling of `name`. */
export function otherThan(name: string, names: readonly string[]): readonly string[] {
  const folded = foldName(name);
  return names.filter((other) => foldName(other) !== folded);
}
