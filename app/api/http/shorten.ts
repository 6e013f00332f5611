/** What a client sent, cut where it is long: an answer or a line of the log must not grow with it. */
export function shorten(text: string, mostCharacters: number): string {
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters).toWellFormed()}…`;
}
