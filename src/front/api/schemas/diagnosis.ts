import type { Schema } from '../../http/route.js';
import { durationSeconds, object, text, time } from './common.js';

const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });
const texts = (description: string): Schema => ({ type: 'array', items: { type: 'string' }, description });

const evidence = object({
  sent: text('What was tried or inspected.'),
  got: text('Result.'),
  at: time('Time of the observation.'),
});

const remedy = object(
  {
    text: text('Description of the remedy.'),
    linux: texts('Commands for Linux. Run them on the backend, or where the text says.'),
    windows: texts('The same commands for Windows, if there are any.'),
    yaml: textOrNull('Corrected lines of the check. Null if the configuration is not at fault.'),
  },
  { description: 'What to do.' },
);

const finding = object({
  code: {
    type: 'string',
    pattern: '^[a-z_]+$',
    examples: ['port_closed'],
    description: 'Stable code; see docs/troubleshooting.md. New codes may be added.',
  },
  certainty: {
    type: 'string',
    enum: ['certain', 'likely', 'possible'],
    description: 'How certain the finding is. `certain`: nothing else explains the evidence.',
  },
  at: {
    type: 'string',
    enum: ['backend', 'network', 'check', 'checker'],
    description: 'Where the fault is. `check` is the configuration of the check.',
  },
  summary: text('One sentence with the figures of this case.'),
  evidence: { type: 'array', items: evidence, description: 'Evidence for the finding.' },
  remedy,
});

export const reportSchema: Schema = {
  $id: 'Report',
  ...object(
    {
      target: object(
        {
          listener: textOrNull('Name of the listener. Null if an address was given on the command line.'),
          backend: textOrNull('Id of the backend.'),
          address: text('IP address.'),
          port: { type: 'integer', minimum: 0, maximum: 65535, description: 'Checked port. 0 if the check has no port.' },
          type: text('Type of the check.'),
        },
        { description: 'What was diagnosed.' },
      ),
      verdict: {
        type: 'string',
        enum: ['healthy', 'unhealthy', 'unknown'],
        description: 'Whether the check passes now. `unknown` if the check could not run.',
      },
      summary: text('One sentence: the cause, or that nothing is wrong.'),
      findings: {
        type: 'array',
        items: finding,
        description: 'Findings, the actual cause first. A healthy backend may have warnings. Empty if nothing is wrong.',
      },
      steps: {
        type: 'array',
        items: object({
          name: text('What was tried.'),
          result: text('Result.'),
          took_seconds: durationSeconds('How long it took.'),
        }),
        description: 'Steps in the order in which they ran.',
      },
      left_out: {
        type: 'array',
        items: object({ name: text('What was not tried.'), why: text('Why it was not tried.') }),
        description: 'Steps that were not possible, or would have shown nothing here.',
      },
    },
    { description: 'Result of `diagnose` and `doctor`, also printed by their option `--json`.' },
  ),
};

export const diagnosisSchema: Schema = {
  $id: 'Diagnosis',
  ...object(
    {
      checker: text('Name of the checker that ran the diagnosis.'),
      listener: text('Name of the listener.'),
      backend: text('Id of the backend.'),
      running: { type: 'boolean', description: 'Whether a diagnosis is running.' },
      started_at: {
        type: ['string', 'null'],
        format: 'date-time',
        description: 'Start of the running diagnosis. Null if none is running.',
      },
      finished_at: { type: ['string', 'null'], format: 'date-time', description: 'End of the last diagnosis. Null if none has ended yet.' },
      took_seconds: { type: ['number', 'null'], minimum: 0, description: 'Duration of the last diagnosis.' },
      failure: textOrNull('Why the last diagnosis has no result: its process crashed or took longer than 20 s. Null if it has a result.'),
      result: { anyOf: [{ $ref: 'Report#' }, { type: 'null' }], description: 'Result of the last diagnosis that ended.' },
    },
    { description: 'Diagnosis of a backend: whether one is running, and the result of the last one.' },
  ),
};
