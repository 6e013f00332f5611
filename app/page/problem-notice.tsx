import type { Problem } from "./api-client.js";

interface ProblemNoticeProps {
  readonly problem: Problem;
  readonly onRetry?: () => void;
}

/** Shows a problem to the visitor. It offers to retry if the same question may get another answer. */
export function ProblemNotice({ problem, onRetry }: ProblemNoticeProps) {
  const passing = problem.status === 0 || problem.status === 429 || problem.status >= 500;
  const details = problem.errors?.map(({ detail }) => detail) ?? [];
  return (
    <div class="notice notice-bad" role="alert">
      <p class="notice-title">{problem.title}</p>
      {/* The detail of a document with several mistakes is all of theirs. */}
      {details.length === 0 ? (
        problem.detail && <p>{problem.detail}</p>
      ) : (
        <ul>
          {details.map((detail) => (
            <li key={detail}>{detail}</li>
          ))}
        </ul>
      )}
      {passing && onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
