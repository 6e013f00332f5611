import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import { PortForward, PortTakenError } from "../../infra/access/port-forward.js";

/** A server that sends its name to each client that connects, and then echoes. */
async function pod(name: string): Promise<{ port: number; server: Server; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write(name);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, server, stop };
}

/** What the Kubernetes API does, over TCP: from the local connection to the pod and back. */
const tunnelTo = (ports: Map<string, number>) => async (name: string, socket: Socket) => {
  const inner = connect(ports.get(name) ?? 0, "127.0.0.1");
  await once(inner, "connect");
  inner.on("error", () => {});
  inner.on("close", () => socket.destroy());
  socket.on("close", () => inner.destroy());
  inner.pipe(socket).pipe(inner);
};

async function firstWords(port: number): Promise<{ socket: Socket; words: string }> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const [data] = (await once(socket, "data")) as [Buffer];
  return { socket, words: data.toString() };
}

describe("the port-forward to the primary", () => {
  let forward: PortForward | undefined;
  const pods: { stop: () => Promise<void> }[] = [];
  const ports = new Map<string, number>();
  const start = async (name: string) => {
    const made = await pod(name);
    pods.push(made);
    ports.set(name, made.port);
    return made;
  };

  afterEach(async () => {
    await forward?.close();
    forward = undefined;
    for (const { stop } of pods.splice(0)) await stop().catch(() => {});
  });

  it("leads to the primary of the moment, and ends with the connection's", async () => {
    const one = await start("one");
    await start("two");
    let primary = "one";
    forward = await PortForward.open({ localPort: 0, find: async () => primary, connect: tunnelTo(ports) });

    const before = await firstWords(forward.port);
    expect(before.words).to.equal("one");
    primary = "two";
    const ended = once(before.socket, "close");
    await one.stop();
    await ended;

    const after = await firstWords(forward.port);
    expect(after.words).to.equal("two");
    after.socket.write("echo");
    expect(String((await once(after.socket, "data"))[0])).to.equal("echo");
    after.socket.destroy();
  });

  it("has a connection wait while there is no primary, or none that answers", async () => {
    await start("two");
    const finds = [undefined, "gone", "two"];
    forward = await PortForward.open({
      localPort: 0,
      find: async () => finds.shift(),
      connect: async (name, socket) => {
        if (name === "gone") throw new Error("pod gone not found");
        await tunnelTo(ports)(name, socket);
      },
    });
    const { socket, words } = await firstWords(forward.port);
    expect(words).to.equal("two");
    socket.destroy();
  });

  it("gives up in the end, and says why", async () => {
    const problems: string[] = [];
    forward = await PortForward.open({
      localPort: 0,
      patienceMs: 200,
      find: async () => {
        throw new Error("the API server is away");
      },
      connect: async () => {},
      onProblem: (message) => problems.push(message),
    });
    const socket = connect(forward.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "close");
    expect(problems).to.deep.equal(["no connection to the database within 0.2 s: the API server is away"]);
  });

  it("names the setting when its port is taken", async () => {
    const { port } = await start("one");
    const open = PortForward.open({ localPort: port, find: async () => undefined, connect: async () => {} });
    const error = await open.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(PortTakenError);
    expect((error as Error).message).to.include("ratesapp:access.localPort");
  });
});
