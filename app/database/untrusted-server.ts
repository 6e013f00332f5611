const BY_NAME = "connect by a name of that certificate, or have the server's certificate name this host";

/** What to do about a certificate that is refused, by the codes of OpenSSL and Node.js. */
const REMEDIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      "CERT_SIGNATURE_FAILURE",
      "CERT_UNTRUSTED",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "INVALID_CA",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    ].map((code) => [
      code,
      "no authority that is trusted has signed it; name a file with the database's certificate authority in sslrootcert",
    ]),
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: BY_NAME,
  HOSTNAME_MISMATCH: BY_NAME,
  CERT_HAS_EXPIRED: "renew it, or its certificate authority, whichever has expired",
  CERT_NOT_YET_VALID: "compare the clocks of this host and of the one that signed it",
};

const WITHOUT_TLS = "The server does not support SSL connections";

/**
 * Thrown when the server at the address of the database cannot prove that it is the database, so that no password is
 * sent to it. The message says what to do.
 */
export class UntrustedServerError extends Error {
  constructor(problem: string, remedy: string, options: ErrorOptions) {
    super(`${problem}: ${remedy}`, options);
    this.name = "UntrustedServerError";
  }
}

/** The error with what to do, if the server's certificate was refused or it has none; otherwise the same error. */
export function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.message === WITHOUT_TLS) {
    const remedy = "turn it on in the server (ssl = on); only on a network of your own, use sslmode=disable instead";
    return new UntrustedServerError("the database's server has no TLS", remedy, { cause: error });
  }
  const remedy = REMEDIES[(error as NodeJS.ErrnoException).code ?? ""];
  if (remedy === undefined) return error;
  return new UntrustedServerError(`the database's certificate is refused (${error.message})`, remedy, { cause: error });
}
