import { foldName, spellingsOf } from "./fold-name.js";
import type { Place } from "./places.js";

/**
 * The places that match the typed text, best match first. If nothing is typed, all places in tree order. Each typed
 * word must begin a word of the place: of its names, its country or the regions around it; or the text must begin its
 * code. So `usa` finds the ports of the United States, and not Busan.
 */
export function searchPlaces(places: readonly Place[], typed: string): readonly Place[] {
  const wanted = foldName(typed);
  if (!wanted) return places;
  return termsOf(places)
    .map((terms, order) => ({ place: terms.place, order, distance: distanceOf(terms, wanted) }))
    .filter(({ distance }) => distance < NO_MATCH)
    .sort((a, b) => a.distance - b.distance || a.order - b.order)
    .map(({ place }) => place);
}

/** The other name of a place by which the typed text finds it; undefined if its own name does. */
export function otherNameFor({ name, otherNames }: Place, typed: string): string | undefined {
  const words = foldName(typed).split(" ");
  const matches = (one: string) => beginWords(spellingsOf(one), words);
  return matches(name) ? undefined : otherNames.find(matches);
}

/** What a place is found by, folded. */
interface Terms {
  readonly place: Place;
  readonly code: string;
  readonly names: readonly string[];
  readonly otherNames: readonly string[];
  readonly countries: readonly string[];
  /** All of these and the regions around the place. */
  readonly all: readonly string[];
}

/** Folding the names of all ports of the world takes too long to do it for each key that is pressed. */
const foldedBefore = new WeakMap<readonly Place[], readonly Terms[]>();

function termsOf(places: readonly Place[]): readonly Terms[] {
  const folded = foldedBefore.get(places) ?? places.map(foldPlace);
  foldedBefore.set(places, folded);
  return folded;
}

function foldPlace(place: Place): Terms {
  const code = foldName(place.code);
  const names = spellingsOf(place.name);
  const otherNames = place.otherNames.flatMap(spellingsOf);
  const countries = [place.country ?? "", ...place.countryNames].flatMap(spellingsOf);
  const around = place.around.flatMap(spellingsOf);
  return { place, code, names, otherNames, countries, all: [code, ...names, ...otherNames, ...countries, ...around] };
}

const NO_MATCH = 8;

/**
 * How badly a place matches: a complete code or name is the best match, a mix of name, country and region the worst.
 */
function distanceOf({ code, names, otherNames, countries, all }: Terms, wanted: string): number {
  const begins = (one: string) => one.startsWith(wanted);
  const words = wanted.split(" ");
  if (code === wanted || names.includes(wanted)) return 0;
  if (otherNames.includes(wanted)) return 1;
  if (names.some(begins)) return 2;
  if (otherNames.some(begins)) return 3;
  if (countries.includes(wanted)) return 4;
  if (code.startsWith(wanted)) return 5;
  if (beginWords([...names, ...otherNames], words)) return 6;
  return beginWords(all, words) ? 7 : NO_MATCH;
}

/** True if each of the words begins a word of one of the terms. */
function beginWords(terms: readonly string[], words: readonly string[]): boolean {
  return words.every((word) => terms.some((term) => ` ${term}`.includes(` ${word}`)));
}
