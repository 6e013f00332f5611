type Tree = { readonly [key: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/** Puts `given` over `defaults`. Objects are merged key by key; other values are replaced as a whole. */
export function merge(defaults: unknown, given: unknown): unknown {
  if (given === undefined) return defaults;
  if (!isTree(defaults) || !isTree(given)) return given;
  const keys = new Set([...Object.keys(defaults), ...Object.keys(given)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(defaults[key], given[key])]));
}
