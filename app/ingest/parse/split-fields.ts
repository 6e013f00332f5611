/** The comma, as a byte. */
export const COMMA = 44;

/** The double quote, as a byte. */
export const QUOTE = 34;

/**
 * Limit of the fields of a line, far above the four that are needed. Making a buffer for each of a million commas would
 * take 100 MB.
 */
const MOST_FIELDS = 100;

/**
 * The fields of one line of CSV (RFC 4180), or what is wrong with its quotes. A line break inside quotes is not
 * supported: a worker that starts in the middle of a file could not tell it from the end of a line, and no value needs
 * it. If a line has more than 100 fields, only the first 100 are returned.
 */
export function splitFields(line: Buffer): Buffer[] | string {
  const fields: Buffer[] = [];
  for (let at = 0; fields.length < MOST_FIELDS; ) {
    if (line[at] === QUOTE) {
      let end = at + 1;
      let doubled = false;
      for (;;) {
        end = line.indexOf(QUOTE, end);
        if (end === -1) return "a quote that is not closed on its line";
        if (line[end + 1] !== QUOTE) break;
        doubled = true;
        end += 2;
      }
      const field = line.subarray(at + 1, end);
      fields.push(doubled ? Buffer.from(field.toString("latin1").replaceAll('""', '"'), "latin1") : field);
      at = end + 1;
      if (at === line.length) return fields;
      if (line[at] !== COMMA) return "text after a closing quote";
      at += 1;
    } else {
      const comma = line.indexOf(COMMA, at);
      const field = line.subarray(at, comma === -1 ? line.length : comma);
      if (field.includes(QUOTE)) return "a quote inside a field that is not quoted";
      fields.push(field);
      if (comma === -1) return fields;
      at = comma + 1;
    }
  }
  return fields;
}
