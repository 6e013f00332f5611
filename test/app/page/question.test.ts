import { expect } from "chai";
import { today } from "../../../app/page/day.js";
import { lengthOf, readQuestion, withLength, writeQuestion } from "../../../app/page/rates/question.js";

describe("the page's question", () => {
  it("is the last 90 days up to today without anything else", () => {
    const question = readQuestion("");
    expect(question).to.include({ origin: undefined, destination: undefined, dateTo: today() });
    expect(lengthOf(question)).to.equal(90);
  });

  it("ends 90 days where only a last day is named", () => {
    expect(readQuestion("?date_to=2024-03-01")).to.include({ dateFrom: "2023-12-03", dateTo: "2024-03-01" });
  });

  it("survives the address bar", () => {
    const question = { origin: "CNSGH", destination: "a b&c=d", dateFrom: "2024-02-29", dateTo: "2024-03-01" };
    expect(readQuestion(writeQuestion(question))).to.deep.equal(question);
  });

  it("keeps what is no day, so that the API can say so", () => {
    const question = readQuestion("?date_from=2021-02-30&date_to=soon");
    expect(question).to.include({ dateFrom: "2021-02-30", dateTo: "soon" });
    expect(lengthOf(question)).to.equal(undefined);
  });

  it("has a length that counts both ends", () => {
    const question = readQuestion("?date_from=2024-02-28&date_to=2024-03-01");
    expect(lengthOf(question)).to.equal(3);
    expect(withLength(question, 366)).to.include({ dateFrom: "2023-03-02", dateTo: "2024-03-01" });
    expect(lengthOf({ ...question, dateTo: "2024-02-27" })).to.equal(undefined);
  });
});
