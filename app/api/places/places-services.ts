import type { Knex } from "knex";
import type { AnswerServices } from "../answers/answer-question.js";

/** What ports and regions are answered with. */
export interface PlacesServices extends AnswerServices {
  /** Builds statements; the read side runs them. */
  readonly knex: Knex;
}
