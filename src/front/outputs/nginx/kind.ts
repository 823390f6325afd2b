/** nginx, the open source one: an upstream file, tested and reloaded. */
import type { OutputKind } from '../output.js';
import { NginxOutput } from './nginx-output.js';
import { checkNginxOptions, nginxOptions, nginxOptionsSchema } from './options.js';

export const nginxKind: OutputKind = {
  name: 'nginx',
  summary: 'Writes a file of upstreams for nginx, tests it, and reloads nginx: for nginx without a runtime API.',
  optionsSchema: nginxOptionsSchema,
  required: ['path'],
  check: checkNginxOptions,
  create: (context) => new NginxOutput(context, nginxOptions(context.options)),
};
