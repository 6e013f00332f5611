/** Cuts what a client sent: neither an answer nor a line of the log may become as long as a client wants. */
export function shorten(text: string, mostCharacters: number): string {
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters).toWellFormed()}…`;
}
