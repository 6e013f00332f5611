import type { Server } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";

/** Every address of the machine; a reader wants one that a browser takes. */
const ANY = new Set(["0.0.0.0", "::"]);

/**
 * @param port 0 for a free one.
 * @returns where it listens, such as `http://127.0.0.1:3000`.
 * @throws if the port is taken, or the host is not of this machine.
 */
export function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const { address, port: taken } = server.address() as AddressInfo;
      const shown = ANY.has(address) ? "127.0.0.1" : isIPv6(address) ? `[${address}]` : address;
      resolve(`http://${shown}:${taken}`);
    });
  });
}
