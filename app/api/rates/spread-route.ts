import { findSpread } from "../../rates/find-spread.js";
import { questionKey } from "../../rates/question.js";
import { writeSpreadCsv, writeSpreadJson } from "../../rates/spread-text.js";
import { Answer } from "../answers/answer.js";
import { answerQuestion, NoAnswerError } from "../answers/answer-question.js";
import { parameterProblem } from "../http/problems.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";
import { CONTENT_TYPES, chooseForm, type Form } from "./form.js";
import { readRatesParameters } from "./rates-parameters.js";
import { type RatesServices, unknownCodes } from "./rates-route.js";
import { requirePlaces, UnknownPlaces, unknownPlaceProblem } from "./unknown-places.js";

const WRITERS = { json: writeSpreadJson, csv: writeSpreadCsv };

/** Thrown inside a query: its two places have too many pairs of ports for its range. */
class SpreadTooWide extends NoAnswerError {
  constructor() {
    super("spread too wide");
  }
}

/**
 * `GET /rates/spread`: as `GET /rates`, with low, median and high of each day, week or month.
 * @param only as for {@link ratesRoute}
 */
export function spreadRoute(services: RatesServices, only?: Form): ApiMiddleware {
  return async function spread(ctx: ApiContext) {
    const asked = readRatesParameters(ctx.querystring);
    const form = chooseForm(ctx, only);
    try {
      await answerQuestion(
        ctx,
        services,
        {
          key: `spread\0${form}\0${asked.interval}\0${questionKey(asked)}`,
          statement: "spread",
          async make(client) {
            const { rates, histograms } = await findSpread(client, services.finder, asked);
            requirePlaces([rates]);
            if (histograms === undefined) throw new SpreadTooWide();
            const text = WRITERS[form](asked, asked.interval, rates, histograms);
            return new Answer(rates.dataset, CONTENT_TYPES[form], text);
          },
        },
        "Accept, Accept-Encoding",
      );
    } catch (error) {
      if (error instanceof UnknownPlaces) {
        throw await unknownPlaceProblem(services, ctx.state.deadlineMs, unknownCodes(asked, error));
      }
      if (!(error instanceof SpreadTooWide)) throw error;
      const detail = "The two places have too many pairs of ports for so many months.";
      throw parameterProblem([{ problem: "spread-too-wide", parameter: "date_from", detail }]);
    }
  };
}
