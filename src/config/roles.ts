/** Who may do what over the API. Each role may do all that the ones before it may. */
export const roles = ['read', 'operate', 'admin'] as const;

/**
 * `read`: look. `operate`: what an operator does by hand (overrides, weights, a probe now, a diagnosis).
 * `admin`: change what is checked (runtime backends).
 */
export type Role = (typeof roles)[number];
