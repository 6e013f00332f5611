import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate authority, both parts as PEM. */
export interface Authority {
  readonly certificate: string;
  /** In the form of SEC 1 ("EC PRIVATE KEY"), the only one that CloudNativePG reads. */
  readonly key: string;
}

/** The next authority is made together with this one, so it has to outlive two rotations. */
const YEARS = 20;
const CLOCK_SKEW_MS = 5 * 60_000;

export const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Makes a certificate authority that signs servers' certificates, and no other authorities. */
export async function newAuthority(commonName: string, now = new Date()): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now.getTime() - CLOCK_SKEW_MS),
    notAfter,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: "sec1", format: "pem" }).toString(),
  };
}
