import type { Server } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";

/** These hosts mean every address of the machine. The printed URL names one that works in a browser. */
const ANY = new Set(["0.0.0.0", "::"]);

/** Thrown if the host is not an address of this machine. The error of Node.js would look as if a database were away. */
export class ListenError extends Error {
  constructor(host: string, port: number, cause: Error) {
    super(`Cannot listen on ${host}, port ${port}: ${cause.message}`, { cause });
    this.name = "ListenError";
  }
}

/** Where a server can be reached. */
export interface Listening {
  /** From this machine, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /** As it was bound, such as `[::]:3000`. */
  readonly address: string;
}

/**
 * @param port 0 for a free one.
 * @param host every address of the machine if undefined: of IPv6 and IPv4, or of IPv4 where there is no IPv6.
 * @throws {ListenError} if the host is not of this machine.
 * @throws what Node.js throws if the port is taken.
 */
export function listen(server: Server, port: number, host: string | undefined): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? error : new ListenError(host ?? "any address", port, error));
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      const { address, port: taken } = server.address() as AddressInfo;
      const bound = isIPv6(address) ? `[${address}]` : address;
      resolve({
        url: `http://${ANY.has(address) ? "127.0.0.1" : bound}:${taken}`,
        address: `${bound}:${taken}`,
      });
    });
  });
}
