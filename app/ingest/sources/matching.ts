import picomatch from "picomatch";
import type { Source } from "./source.js";

/**
 * The source, but only with the objects whose names match.
 * @param pattern a glob, such as `*.csv` or `asia-{2025,2026}-*`; the name of an object of an S3 prefix is the rest of
 * its key.
 */
export function matching(source: Source, pattern: string): Source {
  const matches = picomatch(pattern);
  return {
    several: source.several,
    async *list(signal) {
      for await (const object of source.list(signal)) if (matches(object.name)) yield object;
    },
  };
}
