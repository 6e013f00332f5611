import Koa from "koa";

/**
 * The limit of the framework: Koa that answers every request with the bytes in BODY and nothing else.
 * Peer of a repeated question.
 */
const body = Buffer.from(process.env.BODY ?? "");
const app = new Koa();
app.use((context) => {
  context.type = "application/json";
  context.body = body;
});
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") process.stdout.write(`http://127.0.0.1:${address.port}\n`);
});
