import type { FoundRates } from "../../rates/find-rates.js";
import { findSpread } from "../../rates/find-spread.js";
import type { DayHistograms } from "../../rates/histogram.js";
import { type Question, questionKey } from "../../rates/question.js";
import { writeSpreadCsv, writeSpreadJson } from "../../rates/spread-text.js";
import { Answer } from "../answers/answer.js";
import { answerQuestion, NoAnswerError } from "../answers/answer-question.js";
import { parameterProblem } from "../http/problems.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";
import { readRatesParameters } from "./rates-parameters.js";
import {
  acceptForm,
  CSV_FORM,
  chooseForm,
  type Form,
  type RatesServices,
  UnknownPlaces,
  unknownPlaceProblem,
} from "./rates-route.js";

/** Thrown inside a query: its two places have too many pairs of ports for its range. */
class TooManyLanes extends NoAnswerError {
  constructor() {
    super("too many lanes");
  }
}

/**
 * `GET /rates/spread`: as `GET /rates`, with low, median and high of each day.
 * @param only the form of a path with only one; if not given, the client chooses with its Accept header.
 */
export function spreadRoute(services: RatesServices, only?: Form): ApiMiddleware {
  return async function spread(ctx: ApiContext) {
    const asked = readRatesParameters(ctx.querystring);
    const form = only === undefined ? chooseForm(ctx) : acceptForm(ctx, only);
    try {
      await answerQuestion(
        ctx,
        services,
        {
          key: `spread\0${form.contentType}\0${questionKey(asked)}`,
          statement: "spread",
          async make(client) {
            const { rates, histograms } = await findSpread(client, services.finder, asked);
            if (rates.originId === null || rates.destinationId === null) throw new UnknownPlaces(rates);
            if (histograms === undefined) throw new TooManyLanes();
            return new Answer(rates.dataset, form.contentType, write(form, asked, rates, histograms));
          },
        },
        "Accept, Accept-Encoding",
      );
    } catch (error) {
      if (error instanceof UnknownPlaces) throw unknownPlaceProblem(asked, error);
      if (!(error instanceof TooManyLanes)) throw error;
      const detail = "The two places have too many pairs of ports for so many months.";
      throw parameterProblem([{ problem: "too-many-lanes", parameter: "date_from", detail }]);
    }
  };
}

function write(form: Form, asked: Question, rates: FoundRates, histograms: DayHistograms): string {
  return (form === CSV_FORM ? writeSpreadCsv : writeSpreadJson)(asked, rates, histograms);
}
