/** Every kind of output: one line each. Configuration, documentation, API and metrics follow from this list. */
import type { OutputKind } from './output.js';

export const outputKinds: readonly OutputKind[] = [];
