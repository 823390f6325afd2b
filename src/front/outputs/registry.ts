/** Every kind of output: one line each. Configuration, documentation, API and metrics follow from this list. */
import { alertmanager } from './alertmanager/kind.js';
import { command } from './command/kind.js';
import type { OutputKind } from './output.js';
import { webhook } from './webhook/kind.js';

export const outputKinds: readonly OutputKind[] = [alertmanager, command, webhook];
