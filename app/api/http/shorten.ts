/** Shortens text that a client sent, so that a client cannot make answers or log lines very long. */
export function shorten(text: string, mostCharacters: number): string {
  return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters).toWellFormed()}…`;
}
