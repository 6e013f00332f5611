/** Letters that Unicode normalization does not split into a letter and an accent. */
const LETTERS: Readonly<Record<string, string>> = {
  ø: "o",
  æ: "ae",
  œ: "oe",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
  ß: "ss",
  ı: "i",
};

/**
 * Removes what people leave out when they type a name: case, accents and punctuation. So "göteborg", "Goteborg" and
 * "GÖTEBORG" are equal, and `china_main` is two words.
 */
export function foldName(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\p{Diacritic}'’.]/gu, "")
    .toLowerCase()
    .replace(/[øæœłđðþßı]/g, (letter) => LETTERS[letter] ?? letter)
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
