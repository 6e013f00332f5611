const whole = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const plain = new Intl.NumberFormat("en-US");

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
