import { lanesKey, writeLane } from "../../rates/question.js";
import { writeLanesCsv, writeLanesJson } from "../../rates/rates-text.js";
import { Answer } from "../answers/answer.js";
import { answerQuestion } from "../answers/answer-question.js";
import type { ApiContext, ApiMiddleware } from "../http/request.js";
import { CONTENT_TYPES, chooseForm, type Form } from "./form.js";
import { type AskedLanes, readLanesParameters } from "./lanes-parameters.js";
import type { RatesServices } from "./rates-route.js";
import { requirePlaces, type UnknownCodes, UnknownPlaces, unknownPlaceProblem } from "./unknown-places.js";

const WRITERS = { json: writeLanesJson, csv: writeLanesCsv };

/**
 * `GET /rates/lanes`: the rates of several lanes on the same days, from one snapshot.
 * @param only as for {@link ratesRoute}
 */
export function lanesRoute(services: RatesServices, only?: Form): ApiMiddleware {
  return async function lanes(ctx: ApiContext) {
    const asked = readLanesParameters(ctx.querystring);
    const form = chooseForm(ctx, only);
    try {
      await answerQuestion(
        ctx,
        services,
        {
          key: `lanes\0${form}\0${asked.interval}\0${lanesKey(asked)}`,
          statement: "lanes",
          async make(client) {
            const found = await services.finder.findLanes(client, asked);
            requirePlaces(found.lanes);
            return new Answer(found.dataset, CONTENT_TYPES[form], WRITERS[form](asked, asked.interval, found.lanes));
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

/** One mistake for each lane with an unknown place, so that a problem, which lists ten, names all of them. */
function unknownCodes(asked: AskedLanes, { lanes }: UnknownPlaces): UnknownCodes[] {
  return asked.lanes.flatMap((lane, index) => {
    const found = lanes[index];
    const codes = [
      ...(found?.originId === null ? [lane.origin] : []),
      ...(found?.destinationId === null ? [lane.destination] : []),
    ].map((code) => ({ says: `In ${writeLane(lane)}, no port or region is`, code }));
    return codes.length === 0 ? [] : [{ parameter: "lanes", codes }];
  });
}
