const ADDRESS = /\b([a-z][a-z0-9+.-]*):(\/\/?)([^\s'"]*)/gi;

/** In addresses with these schemes, the part after the first slash is a path and no secret. */
const PATHS = new Set(["s3", "file"]);

/** Shortens the addresses in a text to their beginning if they may contain a password or a signature. */
export function hideAddresses(text: string): string {
  return text.replace(ADDRESS, (address, scheme: string, slashes: string, rest: string) => {
    const mayHoldSecret = PATHS.has(scheme.toLowerCase()) ? /^[^/]*@/ : /[@?]/;
    return mayHoldSecret.test(rest) ? `${scheme}:${slashes}…` : address;
  });
}
