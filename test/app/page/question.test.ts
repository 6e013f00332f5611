import { expect } from "chai";
import { today } from "../../../app/page/day.js";
import { type Question, readQuestion, writeQuestion } from "../../../app/page/rates/question/question.js";

const QUESTION: Question = {
  lanes: [{ origin: "CNSGH", destination: "NLRTM" }],
  range: { dateFrom: "2024-02-29", dateTo: "2024-03-01" },
  zoom: undefined,
  mean: false,
  indexed: false,
};

describe("the page's question", () => {
  it("is the last 90 days up to today without anything else", () => {
    const question = readQuestion("");
    expect(question.lanes).to.deep.equal([{ origin: undefined, destination: undefined }]);
    expect(question.range).to.deep.equal({ last: "90d" });
  });

  it("is that of a link from before there were several lanes", () => {
    const link = "?origin=CNSGH&destination=NLRTM&date_from=2024-02-29&date_to=2024-03-01";
    expect(readQuestion(link)).to.deep.equal(QUESTION);
    expect(writeQuestion(QUESTION)).to.equal(link);
  });

  it("survives the address bar with all that the page shows", () => {
    const question: Question = {
      lanes: [
        { origin: "CNSGH", destination: "a b&c=d" },
        { origin: "china_main", destination: undefined },
        { origin: undefined, destination: "NLRTM" },
      ],
      range: { last: "1y" },
      zoom: { dateFrom: "2024-01-01", dateTo: "2024-02-01" },
      mean: true,
      indexed: true,
    };
    expect(readQuestion(writeQuestion(question))).to.deep.equal(question);
  });

  it("keeps a relative range relative, so that a shared link shows the last days whenever it is opened", () => {
    expect(writeQuestion({ ...QUESTION, range: { last: "90d" } })).not.to.include(today());
  });

  it("keeps what is no day, so that the API can say so", () => {
    expect(readQuestion("?date_from=2021-02-30&date_to=soon").range).to.deep.equal({
      dateFrom: "2021-02-30",
      dateTo: "soon",
    });
  });

  it("shows no more lanes than there are colours", () => {
    expect(readQuestion(`?origin=A&destination=B${"&lane=C:D".repeat(9)}`).lanes).to.have.length(6);
  });

  it("ignores a zoom that is no range", () => {
    for (const zoom of ["", "2024-01-01", "2024-01-02..2024-01-01", "a..b", "2024-02-30..2024-03-01"])
      expect(readQuestion(`?zoom=${zoom}`).zoom, zoom).to.equal(undefined);
  });
});
