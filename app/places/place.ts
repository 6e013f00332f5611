/** A port or a region of a places file. `parent` is the slug of the region around it. */
export interface Place {
  readonly kind: "port" | "region";
  readonly code: string;
  readonly name: string;
  readonly parent: string | null;
}

/** The longest code or name. The API accepts places of this length in a question. */
const MAX_CHARACTERS = 200;

const CODES = {
  port: { key: "code", pattern: /^[A-Z]{2}[A-Z0-9]{3}$/, expected: "the five letters of a UN/LOCODE, such as CNSGH" },
  region: {
    key: "slug",
    pattern: /^[a-z0-9]+(?:[_-][a-z0-9]+)*$/,
    expected: "lower-case letters and digits joined by _ or -, such as china_main",
  },
} as const;

/** Name of the column that holds the code in a file of such places. */
export function codeColumn(kind: Place["kind"]): string {
  return CODES[kind].key;
}

/** Why no place can have this code and name; null if one can. */
export function faultOfPlace({ kind, code, name }: Pick<Place, "kind" | "code" | "name">): string | null {
  const { key, pattern, expected } = CODES[kind];
  if (code.length > MAX_CHARACTERS) return `${key} has more than ${MAX_CHARACTERS} characters`;
  if (!pattern.test(code)) return `${key} ${JSON.stringify(code)} is not ${expected}`;
  if (!/[\p{L}\p{N}]/u.test(name)) return `${code} has no name`;
  if (name.length > MAX_CHARACTERS) return `the name of ${code} has more than ${MAX_CHARACTERS} characters`;
  return null;
}
