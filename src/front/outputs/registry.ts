/** Every kind of output: one line each. Configuration, documentation, API and metrics follow from this list. */
import { haproxyAgent } from './haproxy-agent/kind.js';
import { haproxyRuntime } from './haproxy-runtime/kind.js';
import type { OutputKind } from './output.js';

export const outputKinds: readonly OutputKind[] = [haproxyAgent, haproxyRuntime];
