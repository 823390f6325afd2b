/** The options of a UDP check, as they are written in the configuration file under `check.udp`. */
import type { OptionProblem } from '../probe.js';
import { parsePayload, payloadForms, payloadPattern } from './payload.js';

export interface UdpOptions {
  readonly pingFirst: boolean;
  readonly send: Buffer;
  /** What a good answer begins with; undefined: no answer is needed. */
  readonly expect: Buffer | undefined;
}

export const udpOptionsSchema = {
  udp: {
    type: 'object',
    description: 'How a UDP check asks, and what it takes for an answer.',
    additionalProperties: false,
    properties: {
      ping_first: {
        type: 'boolean',
        description: 'Ping the backend first. The ping and the datagram have the whole timeout each.',
        'x-default': 'by profile',
      },
      send: {
        type: 'string',
        pattern: payloadPattern,
        description: `The datagram to send. An empty one does no harm to any service and still makes a closed port answer “port unreachable”.`,
        'x-allowed': payloadForms,
        'x-default': 'an empty datagram',
      },
      expect: {
        type: 'string',
        pattern: payloadPattern,
        description: `What the answer must begin with. With it, silence is a failure; without it, silence is a pass and only “port unreachable” is a failure.`,
        'x-allowed': payloadForms,
        'x-default': 'any answer, or none',
      },
    },
  },
} as const;

type Written = Partial<Record<'ping_first' | 'send' | 'expect', unknown>>;

/** @returns every problem that the schema cannot express: payloads that are too long, an `expect` that every answer fulfils */
export function udpOptionProblems(options: Readonly<Record<string, unknown>>): OptionProblem[] {
  const written = (options['udp'] ?? {}) as Written;
  const problems: OptionProblem[] = [];
  for (const key of ['send', 'expect'] as const) {
    const notation = written[key];
    if (typeof notation !== 'string') continue;
    const parsed = parsePayload(notation);
    if (typeof parsed === 'string') problems.push({ path: ['udp', key], message: parsed });
    else if (key === 'expect' && parsed.length === 0) {
      problems.push({ path: ['udp', key], message: 'is empty, which every answer begins with; write the first bytes of a good answer' });
    }
  }
  return problems;
}

/**
 * @param options valid: the schema and {@link udpOptionProblems} have passed them
 * @throws RangeError where they are not, which is a mistake of the caller
 */
export function readUdpOptions(options: Readonly<Record<string, unknown>>): UdpOptions {
  const written = (options['udp'] ?? {}) as Written;
  return {
    pingFirst: written.ping_first === true,
    send: payload(written.send) ?? Buffer.alloc(0),
    expect: payload(written.expect),
  };
}

function payload(notation: unknown): Buffer | undefined {
  if (typeof notation !== 'string') return undefined;
  const parsed = parsePayload(notation);
  if (typeof parsed === 'string') throw new RangeError(parsed);
  return parsed;
}
