const ADDRESS = /\b([a-z][a-z0-9+.-]*):(\/\/?)([^\s'"]*)/gi;

/** In these, what stands behind the first slash is a path, and no secret. */
const PATHS = new Set(["s3", "file"]);

/** Leaves of addresses in a text, where they may hold a password or a signature, only how they begin. */
export function hideAddresses(text: string): string {
  return text.replace(ADDRESS, (address, scheme: string, slashes: string, rest: string) => {
    const mayHoldSecret = PATHS.has(scheme.toLowerCase()) ? /^[^/]*@/ : /[@?]/;
    return mayHoldSecret.test(rest) ? `${scheme}:${slashes}…` : address;
  });
}
