/**
 * How a password is changed without a moment in which pods cannot log in.
 *
 * Each purpose has two login roles, `_a` and `_b`. Both are members of one group role that has the grants. Pods get one
 * of the two. When `access.passwordGeneration` is raised by one, the other role gets a new password, and pods get that
 * role. Pods are replaced one by one; until the last old pod has ended, both roles can log in. The next raise does the
 * same with the first role, and so ends its old password.
 *
 * After a leak, raise it, wait for the rollout, and raise it again. Then no old password is valid.
 */
export interface Generation {
  readonly suffix: "a" | "b";
  /** The generation in which the password of this role was last made. */
  readonly madeAt: number;
  /** True if pods get this role. */
  readonly current: boolean;
}

/**
 * Both login roles of a purpose at a generation. Odd generations make the password of `a`, even ones that of `b`.
 * @param generation at least 1.
 */
export function generations(generation: number): readonly [Generation, Generation] {
  const odd = generation % 2 === 1;
  return [
    { suffix: "a", madeAt: odd ? generation : generation - 1, current: odd },
    { suffix: "b", madeAt: odd ? generation - 1 : generation, current: !odd },
  ];
}
