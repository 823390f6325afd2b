/** The `udp` kind as it is registered. */
import type { Probe, ProbeContext, ProbeKind } from '../probe.js';
import { udpOptionProblems, udpOptionsSchema } from './options.js';
import { UdpProbe } from './probe.js';
import type { OpenOnDevice } from './socket.js';

export interface UdpDependencies {
  /** Makes the ping probe of `ping_first`. Called once for each UDP probe that is created, which also closes it. */
  readonly createPing?: (context: ProbeContext) => Probe;
  readonly openOnDevice?: OpenOnDevice;
}

export function createUdpKind({ createPing, openOnDevice }: UdpDependencies): ProbeKind<'udp'> {
  return {
    name: 'udp',
    summary:
      'The UDP port is not known to be closed: no “port unreachable” came back. With `udp.expect`, the service gave the expected answer.',
    usesPort: true,
    optionsSchema: udpOptionsSchema,
    validate: udpOptionProblems,
    create: (context) =>
      new UdpProbe(context, {
        ...(createPing === undefined ? {} : { ping: createPing(context) }),
        ...(openOnDevice === undefined ? {} : { openOnDevice }),
      }),
  };
}
