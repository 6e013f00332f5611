import { foldName } from "../../../places/fold-name.js";

/** How German, Danish and Swedish names are written on a keyboard without their letters. */
const SPELT_OUT: Readonly<Record<string, string>> = { ä: "ae", ö: "oe", ü: "ue", ø: "oe", å: "aa" };

/** All ways to type a name, folded: `goteborg` and `goeteborg`. */
export function spellingsOf(name: string): string[] {
  const spelt = name.normalize("NFC").replace(/[äöüøå]/gi, (letter) => SPELT_OUT[letter.toLowerCase()] ?? letter);
  return spelt === name ? [foldName(name)] : [foldName(name), foldName(spelt)];
}
