import type { Schema } from '../../http/route.js';
import { durationSeconds, object, text, time } from './common.js';

const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });
const texts = (description: string): Schema => ({ type: 'array', items: { type: 'string' }, description });

const evidence = object({
  sent: text('What was tried or looked at.'),
  got: text('What came of it.'),
  at: time('When.'),
});

const remedy = object(
  {
    text: text('In words.'),
    linux: texts('Commands for the backend, or for where the text says.'),
    windows: texts('The same for Windows, where there are such.'),
    yaml: textOrNull('The lines of the check as they should be; null where the configuration is not at fault.'),
  },
  { description: 'What to do.' },
);

const finding = object({
  code: {
    type: 'string',
    pattern: '^[a-z_]+$',
    examples: ['port_closed'],
    description: 'A stable word; see docs/troubleshooting.md. New ones may come.',
  },
  certainty: {
    type: 'string',
    enum: ['certain', 'likely', 'possible'],
    description: 'How sure. Certain: nothing else explains the evidence.',
  },
  at: {
    type: 'string',
    enum: ['backend', 'network', 'check', 'checker'],
    description: 'Where the fault is; `check` is its configuration.',
  },
  summary: text('One sentence with the figures of this case.'),
  evidence: { type: 'array', items: evidence, description: 'What it rests on.' },
  remedy,
});

export const reportSchema: Schema = {
  $id: 'Report',
  ...object(
    {
      target: object(
        {
          listener: textOrNull('Null: the command line was given an address.'),
          backend: textOrNull('Its id.'),
          address: text('IP address.'),
          port: { type: 'integer', minimum: 0, maximum: 65535, description: 'The checked port; 0 where the check has none.' },
          type: text('Kind of check.'),
        },
        { description: 'What was diagnosed.' },
      ),
      verdict: {
        type: 'string',
        enum: ['healthy', 'unhealthy', 'unknown'],
        description: 'Whether the check passes now; unknown where it could not be made.',
      },
      summary: text('One sentence: the cause, or that nothing is wrong.'),
      findings: {
        type: 'array',
        items: finding,
        description: 'The true cause first. A healthy backend may have warnings. Empty: nothing is wrong.',
      },
      steps: {
        type: 'array',
        items: object({
          name: text('What was tried.'),
          result: text('What came of it.'),
          took_seconds: durationSeconds('How long it took.'),
        }),
        description: 'In the order in which they were made.',
      },
      left_out: {
        type: 'array',
        items: object({ name: text('What was not tried.'), why: text('Why not.') }),
        description: 'Steps that could not be made, or would have shown nothing here.',
      },
    },
    { description: 'What `diagnose` and `doctor` say; the answer of their `--json`, too.' },
  ),
};

export const diagnosisSchema: Schema = {
  $id: 'Diagnosis',
  ...object(
    {
      checker: text('The checker that diagnosed.'),
      listener: text('The listener.'),
      backend: text('Id of the backend.'),
      running: { type: 'boolean', description: 'Whether one runs now.' },
      started_at: { type: ['string', 'null'], format: 'date-time', description: 'When the one that runs was started; null: none does.' },
      finished_at: { type: ['string', 'null'], format: 'date-time', description: 'When the last one ended; null: none has yet.' },
      took_seconds: { type: ['number', 'null'], minimum: 0, description: 'How long the last one took.' },
      failure: textOrNull('Why the last one has no result: its process crashed or took longer than 20 s. Null: it has one.'),
      result: { anyOf: [{ $ref: 'Report#' }, { type: 'null' }], description: 'Of the last one that ended.' },
    },
    { description: 'The diagnosis of a backend: the one that runs, and the result of the last.' },
  ),
};
