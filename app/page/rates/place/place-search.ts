import type { Place } from "./places.js";

/** The places that match the typed text, best match first. If nothing is typed, all places in tree order. */
export function searchPlaces(places: readonly Place[], typed: string): readonly Place[] {
  const wanted = fold(typed);
  if (!wanted) return places;
  return places
    .map((place, order) => ({ place, order, distance: distanceOf(place, wanted) }))
    .filter(({ distance }) => distance < NO_MATCH)
    .sort((a, b) => a.distance - b.distance || a.order - b.order)
    .map(({ place }) => place);
}

const NO_MATCH = 6;

/**
 * How badly a place matches. A complete code is the best match; after that, an early position of the text in the name
 * counts.
 */
function distanceOf(place: Place, wanted: string): number {
  const code = fold(place.code);
  const name = fold(place.name);
  if (code === wanted || name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (code.startsWith(wanted)) return 2;
  if (name.includes(` ${wanted}`)) return 3;
  if (name.includes(wanted) || code.includes(wanted)) return 4;
  if (place.around.some((region) => fold(region).startsWith(wanted))) return 5;
  return NO_MATCH;
}

/** Letters of port names that Unicode normalization does not split into a letter and an accent. */
const LETTERS: Record<string, string> = { ø: "o", æ: "ae", œ: "oe", ł: "l", đ: "d", ð: "d", þ: "th", ß: "ss", ı: "i" };

/**
 * Removes case, accents and the punctuation that slugs have instead of spaces, so that typed text and names can be
 * compared.
 */
function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .replace(/[\s_·-]+/g, " ")
    .trim()
    .toLowerCase()
    .replace(/[øæœłđðþßı]/g, (letter) => LETTERS[letter] ?? letter);
}
