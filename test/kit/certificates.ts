import { createPrivateKey, KeyObject, webcrypto } from "node:crypto";
import { SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import { ALGORITHM, type Authority } from "../../infra/database/authority.js";

/** Certificate and key of a server, as PEM. */
export interface ServerCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Lets an authority sign a certificate for a server with these DNS names. */
export async function signed(
  { certificate, key }: Authority,
  names: readonly string[],
  { notAfter = new Date(Date.now() + 3_600_000) } = {},
): Promise<ServerCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", pkcs8(key), ALGORITHM, false, ["sign"]);
  const made = await X509CertificateGenerator.create({
    subject: `CN=${names[0]}`,
    issuer: new X509Certificate(certificate).subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(notAfter.getTime() - 7_200_000),
    notAfter,
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value })))],
  });
  return {
    certificate: made.toString("pem"),
    key: KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const pkcs8 = (pem: string): Buffer => createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
