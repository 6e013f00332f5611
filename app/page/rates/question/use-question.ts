import { useCallback, useEffect, useState } from "preact/hooks";
import { type Question, readQuestion, writeQuestion } from "./question.js";

/**
 * The question in the address bar, and a function to ask another one. Each question is an entry of the browser history,
 * so "back" works.
 */
export function useQuestion(): [Question, (change: Partial<Question>) => void] {
  const [question, setQuestion] = useState(() => readQuestion(location.search));

  useEffect(() => {
    const read = () => setQuestion(readQuestion(location.search));
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);

  const ask = useCallback((change: Partial<Question>) => {
    const next = { ...readQuestion(location.search), ...change };
    history.pushState(null, "", writeQuestion(next));
    setQuestion(next);
  }, []);

  return [question, ask];
}
