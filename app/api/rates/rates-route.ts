import type { RatesFinder } from "../../rates/find-rates.js";
import { questionKey } from "../../rates/question.js";
import { writeCsv, writeJson } from "../../rates/rates-text.js";
import { Answer } from "../answers/answer.js";
import { type AnswerServices, answerQuestion } from "../answers/answer-question.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";
import { CONTENT_TYPES, chooseForm, type Form } from "./form.js";
import { type AskedRates, readRatesParameters } from "./rates-parameters.js";
import { requirePlaces, type UnknownCodes, UnknownPlaces, unknownPlaceProblem } from "./unknown-places.js";

/** What the routes of rates need. */
export interface RatesServices extends AnswerServices {
  /** One finder for all paths, because it limits the prepared statements of the connections that the paths share. */
  readonly finder: RatesFinder;
}

const WRITERS = { json: writeJson, csv: writeCsv };

/**
 * `GET /rates`: the average price and the number of prices of each day, week or month, newest first.
 * @param only the form of a path with only one; if not given, the client chooses with its Accept header.
 */
export function ratesRoute(services: RatesServices, only?: Form): ApiMiddleware {
  return async function rates(ctx: ApiContext) {
    const asked = readRatesParameters(ctx.querystring);
    const form = chooseForm(ctx, only);
    try {
      await answerQuestion(
        ctx,
        services,
        {
          key: `rates\0${form}\0${asked.interval}\0${questionKey(asked)}`,
          statement: "rates",
          async make(client) {
            const found = await services.finder.find(client, asked);
            requirePlaces([found]);
            return new Answer(found.dataset, CONTENT_TYPES[form], WRITERS[form](asked, asked.interval, found));
          },
        },
        "Accept, Accept-Encoding",
      );
    } catch (error) {
      if (!(error instanceof UnknownPlaces)) throw error;
      throw await unknownPlaceProblem(services, ctx.state.deadlineMs, unknownCodes(asked, error));
    }
  };
}

function unknownCodes(asked: AskedRates, { lanes: [found] }: UnknownPlaces): UnknownCodes[] {
  const unknown: UnknownCodes[] = [];
  const add = (parameter: string, code: string) =>
    unknown.push({ parameter, codes: [{ says: `${parameter} names no port or region:`, code }] });
  if (found?.originId === null) add(asked.originParameter, asked.origin);
  if (found?.destinationId === null) add(asked.destinationParameter, asked.destination);
  return unknown;
}
