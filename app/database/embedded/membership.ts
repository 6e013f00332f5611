import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { joinUsers, leaveUsers, stopServer, watchUsers } from "./membership.sql.js";

const REJOIN_MS = 250;

interface Session {
  readonly client: pg.Client;
  readonly socket: Socket;
}

interface Sessions {
  readonly user: Session;
  readonly watch: Session;
}

/** This process as a user of a shared server. It ends with the process, or with {@link leave}. */
export class Membership {
  readonly #url: string;
  #sessions: Sessions;
  #left = false;

  private constructor(url: string, sessions: Sessions) {
    this.#url = url;
    this.#sessions = sessions;
    this.#keep();
  }

  /**
   * @returns undefined while the server is being stopped.
   * @throws the error of the connection.
   */
  static async join(url: string): Promise<Membership | undefined> {
    const sessions = await openSessions(url);
    return sessions === undefined ? undefined : new Membership(url, sessions);
  }

  /**
   * Ends the use, and stops the server if no other process uses it. @returns true if it was stopped; it may need a
   * moment to end.
   */
  async leave(): Promise<boolean> {
    this.#left = true;
    const { user, watch } = this.#sessions;
    for (const { socket } of [user, watch]) socket.ref();
    try {
      const { rows } = await user.client.query<{ last: boolean }>(leaveUsers);
      const last = rows[0]?.last === true;
      // The server may close this session before it answers.
      if (last) await user.client.query(stopServer).catch(() => {});
      return last;
    } catch {
      return false;
    } finally {
      await Promise.allSettled([user.client.end(), watch.client.end()]);
    }
  }

  /**
   * Joins again after the server crashed and restarted, which ended every session. Otherwise another process would find
   * that it is the only user, and stop the server.
   */
  #keep(): void {
    this.#sessions.user.client.once("end", async () => {
      while (!this.#left) {
        await sleep(REJOIN_MS, undefined, { ref: false });
        const sessions = await openSessions(this.#url).catch(() => undefined);
        if (sessions === undefined) continue;
        this.#sessions = sessions;
        if (this.#left) await this.leave();
        else this.#keep();
        return;
      }
    });
  }
}

async function openSessions(url: string): Promise<Sessions | undefined> {
  const user = await connect(url, "ratesapp user of this server");
  try {
    const { rows } = await user.client.query<{ joined: boolean }>(joinUsers);
    if (!rows[0]?.joined) {
      await user.client.end();
      return undefined;
    }
    const watch = await connect(url, "ratesapp watch of this server");
    // This statement ends at once if the watch of another user already runs.
    watch.client
      .query(watchUsers)
      .catch(() => {})
      .finally(() => watch.client.end());
    // These connections must not keep the process running.
    for (const { socket } of [user, watch]) socket.unref();
    return { user, watch };
  } catch (error) {
    await user.client.end().catch(() => {});
    throw error;
  }
}

async function connect(url: string, applicationName: string): Promise<Session> {
  const socket = new Socket();
  const client = new pg.Client({ connectionString: url, application_name: applicationName, stream: () => socket });
  client.on("error", () => {});
  await client.connect();
  return { client, socket };
}
