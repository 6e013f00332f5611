/**
 * How passwords change while pods can log in at every moment.
 *
 * Each purpose has two login roles, `_a` and `_b`, members of one group role that holds the grants. One of them is
 * handed to pods. Raising `access.passwordGeneration` by one gives the other a new password and hands it out: pods are
 * replaced one by one, and until the last of them is gone both roles can log in. The next raise does the same the other
 * way round, and ends the password before the last.
 *
 * After a leak, raise it, wait for the rollout, and raise it again: then no password from before is left.
 */
export interface Generation {
  readonly suffix: "a" | "b";
  /** The raise at which this role's password was last made. */
  readonly madeAt: number;
  /** Whether it is the one that pods are handed. */
  readonly current: boolean;
}

/**
 * Both login roles of a purpose at a generation: the odd ones are `a`'s, the even ones `b`'s.
 * @param generation from 1.
 */
export function generations(generation: number): readonly [Generation, Generation] {
  const odd = generation % 2 === 1;
  return [
    { suffix: "a", madeAt: odd ? generation : generation - 1, current: odd },
    { suffix: "b", madeAt: odd ? generation - 1 : generation, current: !odd },
  ];
}
