/** Letters of port names that Unicode normalization does not split into a letter and an accent. */
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

/** How German, Danish and Swedish names are written on a keyboard without their letters. */
const SPELT_OUT: Readonly<Record<string, string>> = { ä: "ae", ö: "oe", ü: "ue", ø: "oe", å: "aa" };

/**
 * Removes case, accents and the punctuation that slugs have instead of spaces, so that typed text and names can be
 * compared.
 */
export function foldName(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .replace(/[\s_·.,'’()/-]+/g, " ")
    .trim()
    .toLowerCase()
    .replace(/[øæœłđðþßı]/g, (letter) => LETTERS[letter] ?? letter);
}

/** All ways to type a name: `goteborg` and `goeteborg`. */
export function spellingsOf(name: string): string[] {
  const spelt = name.normalize("NFC").replace(/[äöüøå]/gi, (letter) => SPELT_OUT[letter.toLowerCase()] ?? letter);
  return spelt === name ? [foldName(name)] : [foldName(name), foldName(spelt)];
}
