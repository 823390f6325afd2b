import type { ProbeKind } from '../probe.js';
import { openRawChannel } from '../raw/channel.js';
import { EchoProbe } from './echo.js';

export const pingKind = {
  name: 'ping',
  summary: 'ICMP echo: the host answers. Says nothing of the service.',
  usesPort: false,
  optionsSchema: {},
  create: (context) => new EchoProbe(context, openRawChannel),
} as const satisfies ProbeKind<'ping'>;
