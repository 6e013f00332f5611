const whole = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const plain = new Intl.NumberFormat("en-US");
const tenths = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat("en-US", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});

/** `$1,235`: for headings and axes. */
export function formatPrice(price: number): string {
  return whole.format(price);
}

/** `$1,234.50`: for the table. */
export function formatPriceExactly(price: number): string {
  return cents.format(price);
}

/** `1 price`, `2,345 prices` */
export function formatPrices(count: number): string {
  return `${plain.format(count)} ${count === 1 ? "price" : "prices"}`;
}

/** `104.2` for a value in percent of its first. */
export function formatIndex(value: number): string {
  return tenths.format(value);
}

/** `+4.2%` for 0.042 */
export function formatChange(ratio: number): string {
  return percent.format(ratio).replace("-", "−");
}
