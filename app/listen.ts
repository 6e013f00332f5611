import type { Server } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";

/** Every address of the machine; a reader wants one that a browser takes. */
const ANY = new Set(["0.0.0.0", "::"]);

/** Thrown for a host that this machine has not; what Node.js says of it sounds as if a database were away. */
export class ListenError extends Error {
  constructor(host: string, port: number, cause: Error) {
    super(`Cannot listen on ${host}, port ${port}: ${cause.message}`, { cause });
    this.name = "ListenError";
  }
}

/**
 * @param port 0 for a free one.
 * @returns where it listens, such as `http://127.0.0.1:3000`.
 * @throws {ListenError} if the host is not of this machine.
 * @throws what Node.js throws if the port is taken.
 */
export function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? error : new ListenError(host, port, error));
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      const { address, port: taken } = server.address() as AddressInfo;
      const shown = ANY.has(address) ? "127.0.0.1" : isIPv6(address) ? `[${address}]` : address;
      resolve(`http://${shown}:${taken}`);
    });
  });
}
