/** Every kind of output: one line each. Configuration, documentation, API and metrics follow from this list. */
import { alertmanager } from './alertmanager/kind.js';
import { command } from './command/kind.js';
import { envoy } from './envoy/kind.js';
import { fileKind } from './file/kind.js';
import { haproxyAgent } from './haproxy-agent/kind.js';
import { haproxyRuntime } from './haproxy-runtime/kind.js';
import { nginxKind } from './nginx/kind.js';
import type { OutputKind } from './output.js';
import { prometheusSd } from './prometheus-sd/kind.js';
import { webhook } from './webhook/kind.js';

export const outputKinds: readonly OutputKind[] = [
  haproxyAgent,
  haproxyRuntime,
  nginxKind,
  envoy,
  prometheusSd,
  fileKind,
  webhook,
  command,
  alertmanager,
];
