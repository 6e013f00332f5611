import type pg from "pg";
import { z } from "zod";
import { Session } from "../../database/queries.js";
import { didYouMean } from "../../places/did-you-mean.js";
import type { Place } from "../../places/place.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion, NoAnswerError } from "../answers/answer-question.js";
import { DATA_PROBLEMS, dataAnswers } from "../answers/data-operation.js";
import { acceptJson } from "../http/accept-json.js";
import { operation } from "../http/operation.js";
import { ProblemError } from "../http/problems.js";
import { storable } from "../http/storable-text.js";
import { describePort, portBody } from "./port-body.js";

class UnknownPort extends NoAnswerError {
  readonly suggested: readonly Place[];

  constructor(suggested: readonly Place[]) {
    super("unknown port");
    this.suggested = suggested;
  }
}

/** `GET /ports/{code}` */
export const getPort = operation({
  id: "getPort",
  method: "GET",
  path: "/ports/{code}",
  tag: "places",
  summary: "One port",
  pathParameters: z.object({
    code: storable(z.string().max(200, "must have at most 200 characters")).meta({
      description: "UN/LOCODE.",
      examples: ["CNSGH"],
    }),
  }),
  query: z.strictObject({}),
  answers: dataAnswers("The port.", { "application/json": { schema: portBody } }),
  problems: ["unknown-port", ...DATA_PROBLEMS],
  route: (services: AnswerServices, read) => async (ctx) => {
    read.query(ctx);
    acceptJson(ctx);
    const { code } = read.pathParameters(ctx);
    const make = async (client: pg.PoolClient) => {
      const { dataset, index } = await services.places.read(new Session(client));
      const place = index.get(code);
      if (place?.kind === "port") {
        return new Answer(dataset, "application/json; charset=utf-8", JSON.stringify(describePort(place)));
      }
      throw new UnknownPort(index.suggest(code, "port"));
    };
    try {
      await answerQuestion(ctx, services, { key: `port\0${code}`, statement: "port", make }, "Accept-Encoding");
    } catch (error) {
      if (!(error instanceof UnknownPort)) throw error;
      throw new ProblemError(
        "unknown-port",
        `No port has the code ${JSON.stringify(code)}.${didYouMean(error.suggested)}`,
      );
    }
  },
});
