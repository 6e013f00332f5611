import { distance } from "fastest-levenshtein";
import { type Country, countryOf } from "./country.js";
import { foldName } from "./fold-name.js";
import type { Place } from "./place.js";
import { otherNamesOf } from "./port-names.js";

/** A place that a search found. */
export interface FoundPlace {
  readonly place: Place;
  /** How well it matches, from 0 for a complete code or name. */
  readonly rank: number;
}

/** A place, with what it is found by, folded. */
interface Entry {
  readonly place: Place;
  /** Its code, its own name and its other names. */
  readonly names: readonly string[];
  /** All words of its names, each after a space. */
  readonly words: string;
  /** These, its code and the names of its country. */
  readonly allWords: string;
}

const MOST_SUGGESTED = 3;
/** Letters that may be wrong in a misspelt code or name, as a share of its length and in all. */
const WRONG_SHARE = 0.4;
const MOST_WRONG = 3;

/** Finds places by what people type. */
export class PlaceIndex {
  readonly #entries: readonly Entry[];
  readonly #byCode: ReadonlyMap<string, Place>;

  constructor(places: readonly Place[]) {
    // Thousands of ports share a country.
    const countries = new Map<Country, string>();
    this.#entries = places.map((place) => entryOf(place, countries));
    this.#byCode = new Map(places.map((place) => [place.code, place]));
  }

  get(code: string): Place | undefined {
    return this.#byCode.get(code);
  }

  /**
   * The places of which each word of the text begins a word of the name, of another name, or of the country, or is the
   * beginning of the code. The best come first, then those with the lower code.
   */
  search(text: string): FoundPlace[] {
    const wanted = foldName(text);
    const words = wanted.split(" ").map((word) => ` ${word}`);
    const found = this.#entries.flatMap((entry) => {
      const rank = rankOf(entry, wanted, words);
      return rank === undefined ? [] : [{ place: entry.place, rank }];
    });
    return found.sort((a, b) => a.rank - b.rank || (a.place.code < b.place.code ? -1 : 1));
  }

  /**
   * At most three places that may be meant by a text that is no code: by its name, misspelt, or by its country.
   * @param kind only places of this kind; if not given, ports and regions.
   */
  suggest(text: string, kind?: Place["kind"]): Place[] {
    const wanted = foldName(text);
    if (wanted === "") return [];
    const isWanted = ({ place }: { readonly place: Place }) => kind === undefined || place.kind === kind;
    const most = Math.min(MOST_WRONG, Math.round(wanted.length * WRONG_SHARE));
    const near: { readonly place: Place; readonly wrong: number }[] = [];
    for (const entry of this.#entries) {
      const wrong = isWanted(entry) ? leastWrong(entry, wanted, most) : most + 1;
      if (wrong <= most) near.push({ place: entry.place, wrong });
    }
    near.sort((a, b) => a.wrong - b.wrong);
    const exact = near.filter(({ wrong }) => wrong === 0);
    const best = exact.length > 0 ? exact : near.length > 0 ? near : this.search(text).filter(isWanted);
    return best.slice(0, MOST_SUGGESTED).map(({ place }) => place);
  }
}

/** @param countries the words of each country, as far as they are known. */
function entryOf(place: Place, countries: Map<Country, string>): Entry {
  const code = foldName(place.code);
  const isPort = place.kind === "port";
  const names = [place.name, ...(isPort ? otherNamesOf(place.code, place.name) : [])].map(foldName);
  const words = ` ${names.join(" ")}`;
  const country = isPort ? countryOf(place.code) : null;
  return { place, names: [code, ...names], words, allWords: `${words} ${code}${country ? wordsOf(country) : ""}` };

  function wordsOf(named: Country): string {
    const known =
      countries.get(named) ?? [named.name, ...named.otherNames].map((name) => ` ${foldName(name)}`).join("");
    countries.set(named, known);
    return known;
  }
}

/** @param words each word of the wanted text, after a space. */
function rankOf({ names, words: own, allWords }: Entry, wanted: string, words: readonly string[]) {
  if (names.includes(wanted)) return 0;
  if (names.some((name) => name.startsWith(wanted))) return 1;
  if (words.every((word) => own.includes(word))) return 2;
  return words.every((word) => allWords.includes(word)) ? 3 : undefined;
}

/** The number of letters by which the text differs from the code or a name; more than `most` if from each by more. */
function leastWrong({ names }: Entry, wanted: string, most: number): number {
  let least = most + 1;
  for (const name of names) {
    // Most are too long or too short, so that they need no comparison letter by letter.
    if (Math.abs(name.length - wanted.length) < least) least = Math.min(least, distance(name, wanted));
  }
  return least;
}
