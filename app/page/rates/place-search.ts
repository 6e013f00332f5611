import type { Place } from "./places.js";

/** Places that match what was typed, the likeliest first; all of them, in tree order, where nothing was. */
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

/** How far a place is from what was typed. A code in full wins, then how early in the name the text stands. */
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

/** Letters of port names that Unicode does not take apart into a letter and an accent. */
const LETTERS: Record<string, string> = { ø: "o", æ: "ae", œ: "oe", ł: "l", đ: "d", ð: "d", þ: "th", ß: "ss", ı: "i" };

/** Typed text and names meet without case, accents and the punctuation that slugs put in place of spaces. */
function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .replace(/[\s_·-]+/g, " ")
    .trim()
    .toLowerCase()
    .replace(/[øæœłđðþßı]/g, (letter) => LETTERS[letter] ?? letter);
}
