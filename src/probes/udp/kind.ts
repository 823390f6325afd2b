/** The `udp` kind as it is registered. */
import type { Probe, ProbeContext, ProbeKind } from '../probe.js';
import type { DatagramSockets } from '../raw/sockets.js';
import { udpOptionProblems, udpOptionsSchema } from './options.js';
import { UdpProbe } from './probe.js';

export interface UdpDependencies {
  /** Makes the ping probe of `ping_first`. Called once for each UDP probe that is created, which also closes it. */
  readonly createPing?: (context: ProbeContext) => Probe;
  /** Sockets that hear of every ICMP error; asked for when a probe is created. */
  readonly openSockets?: () => DatagramSockets | undefined;
}

export function createUdpKind({ createPing, openSockets }: UdpDependencies): ProbeKind<'udp'> {
  return {
    name: 'udp',
    summary:
      'The UDP port is not known to be closed: no “port unreachable” came back, although the host could have sent it. With `udp.expect`, the service gave the expected answer.',
    usesPort: true,
    optionsSchema: udpOptionsSchema,
    validate: udpOptionProblems,
    create: (context) => {
      const sockets = openSockets?.();
      return new UdpProbe(context, {
        ...(createPing === undefined ? {} : { ping: createPing(context) }),
        ...(sockets === undefined ? {} : { sockets }),
      });
    },
  };
}
