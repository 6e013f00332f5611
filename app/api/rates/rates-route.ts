import type { FoundRates, RatesFinder } from "../../rates/find-rates.js";
import { type Question, questionKey } from "../../rates/question.js";
import { writeCsv, writeJson } from "../../rates/rates-text.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion, NoAnswerError } from "../answers/answer-question.js";
import { type ParameterMistake, ProblemError, parameterProblem } from "../http/problems.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";
import { type AskedRates, readRatesParameters } from "./rates-parameters.js";

/** What the route of rates needs. */
export interface RatesServices extends AnswerServices {
  /** One finder for all paths, because it limits the prepared statements of the connections that the paths share. */
  readonly finder: RatesFinder;
}

export interface Form {
  readonly contentType: string;
  readonly write: (question: Question, found: FoundRates) => string;
}

const JSON_FORM: Form = { contentType: "application/json; charset=utf-8", write: writeJson };
/** A header line and a line for each day, each ended by CR and LF. An empty field means null. */
export const CSV_FORM: Form = { contentType: "text/csv; charset=utf-8; header=present", write: writeCsv };

/** Thrown inside a query. Questions that name their places with different parameters may share that query. */
export class UnknownPlaces extends NoAnswerError {
  readonly originIsUnknown: boolean;
  readonly destinationIsUnknown: boolean;

  constructor(found: FoundRates) {
    super("unknown place");
    this.originIsUnknown = found.originId === null;
    this.destinationIsUnknown = found.destinationId === null;
  }
}

/**
 * `GET /rates`: the average price and the number of prices of each day, newest first.
 * @param only the form of a path with only one; if not given, the client chooses with its Accept header.
 */
export function ratesRoute(services: RatesServices, only?: Form): ApiMiddleware {
  return async function rates(ctx: ApiContext) {
    const asked = readRatesParameters(ctx.querystring);
    const form = only === undefined ? chooseForm(ctx) : acceptForm(ctx, only);
    try {
      await answerQuestion(
        ctx,
        services,
        {
          key: `${form.contentType}\0${questionKey(asked)}`,
          statement: "rates",
          async make(client) {
            const found = await services.finder.find(client, asked);
            if (found.originId === null || found.destinationId === null) throw new UnknownPlaces(found);
            return new Answer(found.dataset, form.contentType, form.write(asked, found));
          },
        },
        "Accept, Accept-Encoding",
      );
    } catch (error) {
      throw error instanceof UnknownPlaces ? unknownPlaceProblem(asked, error) : error;
    }
  };
}

export function chooseForm(ctx: ApiContext): Form {
  const accept = ctx.req.headers.accept;
  if (accept === undefined || accept === "*/*" || accept === "application/json") return JSON_FORM;
  const type = ctx.accepts("application/json", "text/csv");
  if (type === "application/json") return JSON_FORM;
  if (type === "text/csv") return CSV_FORM;
  throw new ProblemError("not-acceptable", "This path has application/json and text/csv.");
}

export function acceptForm(ctx: ApiContext, form: Form): Form {
  const [type = ""] = form.contentType.split(";", 1);
  if (ctx.req.headers.accept === undefined || ctx.accepts(type)) return form;
  throw new ProblemError("not-acceptable", `This path has ${type}.`);
}

export function unknownPlaceProblem(asked: AskedRates, unknown: UnknownPlaces): ProblemError {
  const mistakes: ParameterMistake[] = [];
  const add = (parameter: string, code: string) =>
    mistakes.push({
      problem: "unknown-place",
      parameter,
      detail: `${parameter} names no port or region: ${JSON.stringify(code)}.`,
    });
  if (unknown.originIsUnknown) add(asked.originParameter, asked.origin);
  if (unknown.destinationIsUnknown) add(asked.destinationParameter, asked.destination);
  return parameterProblem(mistakes as [ParameterMistake, ...ParameterMistake[]]);
}
