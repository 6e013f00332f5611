const MEMORY_UNITS = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
} as const;

type MemoryUnit = keyof typeof MEMORY_UNITS;

/** Cores (`2`, `1.5`) or thousandths of a core (`500m`). */
export const CPU_QUANTITY = /^([0-9]+m|[0-9]+(\.[0-9]{1,3})?)$/;
/** Bytes, with a unit of 1000 (`k`, `M`) or 1024 (`Ki`, `Mi`). */
export const MEMORY_QUANTITY = /^([0-9]+)(Ki|Mi|Gi|Ti|k|M|G|T)?$/;

/** Thrown if a text is not a Kubernetes quantity. */
export class QuantityError extends Error {
  readonly text: string;

  constructor(text: string) {
    super(`${JSON.stringify(text)} is no Kubernetes quantity`);
    this.name = "QuantityError";
    this.text = text;
  }
}

/** `"500m"` → 500, `"1.5"` → 1500. */
export function millicores(text: string): number {
  if (!CPU_QUANTITY.test(text)) throw new QuantityError(text);
  return text.endsWith("m") ? Number(text.slice(0, -1)) : Math.round(Number(text) * 1000);
}

/** `"2Gi"` → 2147483648. */
export function bytes(text: string): number {
  const [, number, unit] = MEMORY_QUANTITY.exec(text) ?? [];
  if (number === undefined) throw new QuantityError(text);
  return Number(number) * MEMORY_UNITS[(unit ?? "") as MemoryUnit];
}
