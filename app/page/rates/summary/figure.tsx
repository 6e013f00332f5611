import type { ComponentChildren } from "preact";

interface FigureProps {
  readonly name: string;
  /** More about it, such as its day. Shown when the pointer rests on the figure, and read out. */
  readonly about?: string | undefined;
  /** Undefined if there is none. */
  readonly children: ComponentChildren;
}

/** A figure with its name, inside of a `dl`. */
export function Figure({ name, about, children }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd title={about}>
        {children ?? (
          <>
            <span aria-hidden="true">–</span>
            <span class="unseen">unknown</span>
          </>
        )}
        {about && <span class="unseen">, {about}</span>}
      </dd>
    </div>
  );
}
