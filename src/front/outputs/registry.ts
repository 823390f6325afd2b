/** Every kind of output: one line each. Configuration, documentation, API and metrics follow from this list. */
import { fileKind } from './file/kind.js';
import { nginxKind } from './nginx/kind.js';
import type { OutputKind } from './output.js';

export const outputKinds: readonly OutputKind[] = [nginxKind, fileKind];
