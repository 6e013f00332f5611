/** A place to try from, or to be reached. */
export interface Place {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** How it opens a connection: application and helper pods have Node, database pods have bash. */
  readonly by: "node" | "bash";
}

/** A path through the network, and whether it must be there. */
export interface Path {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly open: boolean;
}

/** A command that prints `open`, or `closed` after so many seconds at most. */
export function attempt(by: Place["by"], host: string, port: number, seconds: number): string[] {
  if (by === "bash") {
    const connect = `timeout ${seconds} bash -c ': </dev/tcp/${host}/${port}' 2>/dev/null && echo open || echo closed`;
    return ["bash", "-c", connect];
  }
  const script = `
    const socket = require("node:net").connect({ host: ${JSON.stringify(host)}, port: ${port} });
    const end = (word) => { console.log(word); process.exit(0); };
    socket.on("connect", () => end("open")).on("error", () => end("closed"));
    setTimeout(() => end("closed"), ${seconds * 1000});`;
  return ["node", "-e", script];
}
