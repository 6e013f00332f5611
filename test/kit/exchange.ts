import { connect } from "node:net";

/**
 * Sends bytes unchanged over a connection, reads until either end closes it, and parses the received bytes as one
 * answer.
 * @param leaving when aborted, closes the connection
 */
export function exchange(url: string, sent: string, leaving?: AbortSignal): Promise<Response> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(sent));
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("close", () => resolve(parse(text)));
    socket.on("error", reject);
    leaving?.addEventListener("abort", () => socket.destroy());
  });
}

function parse(text: string): Response {
  if (text === "") return Response.error();
  const [head = "", ...body] = text.split("\r\n\r\n");
  const [start = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return new Response(body.join("\r\n\r\n"), { status: Number(start.split(" ")[1]), headers });
}
