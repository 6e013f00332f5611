/** Thrown for wrong places files. It lists all mistakes. */
export class PlacesError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`The places were not imported:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`);
    this.name = "PlacesError";
    this.mistakes = mistakes;
  }
}
