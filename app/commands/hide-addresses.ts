/** An address, or the user and the password before the `@` of one that was mistyped, and so taken for a path. */
const ADDRESS = /\b([a-z][a-z0-9+.-]*):(\/\/?)([^\s'"]*)|[^\s'"/:]+:(?!\/)[^\s'"]*@/gi;

/** In addresses with these schemes, the part after the first slash is a path and no secret. */
const PATHS = new Set(["s3", "file"]);

/** Shortens what may contain a password or a signature: addresses to their beginning, mistyped ones to their end. */
export function hideAddresses(text: string): string {
  return text.replace(ADDRESS, (address, scheme: string | undefined, slashes: string, rest: string) => {
    if (scheme === undefined) return "…@";
    const mayHoldSecret = PATHS.has(scheme.toLowerCase()) ? /^[^/]*@/ : /[@?]/;
    return mayHoldSecret.test(rest) ? `${scheme}:${slashes}…` : address;
  });
}
