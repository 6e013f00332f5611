/** Prints a value as JSON, on several lines. */
export function printJson(value: unknown): void {
  // JSON does not escape control characters above 7F, which a terminal obeys too.
  const written = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  console.log(JSON.stringify(value, null, 2).replace(/(?!\n)\p{Cc}/gu, written));
}
