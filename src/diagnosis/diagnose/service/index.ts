/** What is tried with the service behind the port, and how it is judged. */
import type { Rule, Step } from '../step.js';

export const serviceSteps: readonly Step[] = [];
export const serviceRules: readonly Rule[] = [];
export const trapRules: readonly Rule[] = [];
