import yaml from "js-yaml";
import { backgroundDeletion } from "../background-deletion.js";

interface Certificate {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** True if a document of a manifest is a Certificate of cert-manager. */
export const isCertificate = (document: string): boolean =>
  /^apiVersion: *["']?cert-manager\.io\//m.test(document) && /^kind: *["']?Certificate\b/m.test(document);

/**
 * A Certificate in the form in which cert-manager stores it, so that `up` finds no difference. It can be deleted while
 * it is being issued, although cert-manager makes requests even for a Certificate that is being deleted.
 */
export function certificate(document: string): string {
  const given = yaml.load(document, { schema: yaml.CORE_SCHEMA }) as Certificate;
  const { metadata, spec } = given;
  const stored = Object.entries(spec)
    .filter(([key, value]) => !isLeftOut(key, value))
    .map(([key, value]) => [key, isDuration(key, value) ? goDuration(value) : value]);
  return yaml.dump({
    ...given,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...backgroundDeletion } },
    spec: Object.fromEntries(stored),
  });
}

/**
 * True if the value means the same as no value. For `encodeUsagesInRequest: false`, cert-manager makes a difference.
 */
const isLeftOut = (key: string, value: unknown): boolean =>
  (value === false && key !== "encodeUsagesInRequest") || value === "" || (Array.isArray(value) && value.length === 0);

const isDuration = (key: string, value: unknown): value is string =>
  ["duration", "renewBefore"].includes(key) && typeof value === "string";

const SECONDS = { h: 3600, m: 60, s: 1 };

/**
 * Writes a duration as Go does: `2160h` → `2160h0m0s`, `1.5h` → `1h30m0s`. A text that is not in whole seconds stays
 * unchanged.
 */
export function goDuration(text: string): string {
  if (!/^([0-9]+(\.[0-9]+)?[hms])+$/.test(text)) return text;
  const parts = [...text.matchAll(/([0-9.]+)([hms])/g)];
  const sum = parts.reduce((all, [, number, unit]) => all + Number(number) * SECONDS[unit as "h" | "m" | "s"], 0);
  const seconds = Math.round(sum);
  if (Math.abs(sum - seconds) > 1e-6) return text;
  const hours = seconds >= 3600 ? `${Math.floor(seconds / 3600)}h` : "";
  const minutes = seconds >= 60 ? `${Math.floor((seconds % 3600) / 60)}m` : "";
  return `${hours}${minutes}${seconds % 60}s`;
}
