import { useCallback, useEffect, useState } from "preact/hooks";
import { type Question, readQuestion, writeQuestion } from "./question.js";

/**
 * Changes the question. Each question is an entry of the browser history, so that "back" works; with `replace`, it
 * takes the place of the entry before. Browsers refuse many entries in a short time, as a slider would make.
 */
export type Ask = (change: Partial<Question>, how?: "push" | "replace") => void;

/** The question in the address bar, and a function to ask another one. */
export function useQuestion(): [Question, Ask] {
  const [question, setQuestion] = useState(() => readQuestion(location.search));

  useEffect(() => {
    const read = () => setQuestion(readQuestion(location.search));
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);

  const ask = useCallback<Ask>((change, how = "push") => {
    const next = { ...readQuestion(location.search), ...change };
    history[`${how}State`](null, "", writeQuestion(next));
    setQuestion(next);
  }, []);

  return [question, ask];
}
