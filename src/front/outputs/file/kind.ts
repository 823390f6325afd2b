/** A file with the status of all backends, for whatever reads files. */
import { allowedDurations, durationPattern, parseDuration } from '../../../config/duration.js';
import type { OutputKind } from '../output.js';
import { FileOutput } from './file-output.js';

const octal = 8;
const shortestIntervalMs = 100;
const longestIntervalMs = 3_600_000;

export const fileKind: OutputKind = {
  name: 'file',
  summary: 'Writes the status of all backends to a file, as `/v1/status` answers: for programs that read files rather than an API.',
  optionsSchema: {
    path: {
      type: 'string',
      pattern: '^/.*[^/]$',
      description: 'The file. vitald replaces it at every change, never writes into it.',
      'x-allowed': 'an absolute path',
    },
    mode: {
      type: 'string',
      pattern: '^0[0-7]{3}$',
      default: '0640',
      description: 'Permissions of the file.',
      'x-allowed': 'permissions in octal, in quotes, for example "0644"',
    },
    min_interval: {
      type: 'string',
      pattern: durationPattern,
      default: '1s',
      description: 'Time from one writing to the next one. What changes meanwhile goes into the next one.',
      'x-allowed': allowedDurations,
    },
  },
  required: ['path'],
  check: ({ min_interval: interval }, context) => {
    const ms = typeof interval === 'string' ? parseDuration(interval) : undefined;
    if (ms !== undefined && (ms < shortestIntervalMs || ms > longestIntervalMs))
      context.problem(['min_interval'], `${interval as string} is out of range; allowed are 100ms to 1h`);
  },
  create: (context) => {
    const { path, mode, min_interval: interval } = context.options as Readonly<Record<'path' | 'mode' | 'min_interval', string>>;
    return new FileOutput(context, { path, mode: parseInt(mode, octal), minIntervalMs: parseDuration(interval)! });
  },
};
