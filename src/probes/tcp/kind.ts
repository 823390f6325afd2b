/** The `tcp` kind as it is registered: half-open SYN where raw sockets are permitted, connect-and-reset elsewhere. */
import type { CheckSettings, Done, Probe, ProbeContext, ProbeKind, Readiness, Target } from '../probe.js';
import { RawUnavailable } from '../raw/native.js';
import { localSourcePorts, type SourcePorts } from '../raw/source-ports.js';
import { ConnectProbe, type ConnectCompiled } from './connect.js';
import { SynProbe, synDependencies, type SynSettings } from './syn.js';

export const tcpMethods = ['auto', 'syn', 'connect'] as const;
type Method = (typeof tcpMethods)[number];

interface ConnectSettings extends ConnectCompiled {
  readonly method: 'connect';
  /** Why the probe connects although that was not asked for. */
  readonly insteadOfSyn: string | undefined;
}

/** SYN was asked for by name, and this machine cannot. */
interface Refused {
  readonly method: 'refused';
  readonly error: string;
}

type TcpCompiled = SynSettings | ConnectSettings | Refused;

export class TcpProbe implements Probe<TcpCompiled> {
  readonly #syn: SynProbe | RawUnavailable;
  readonly #connect: ConnectProbe;
  readonly #ports: SourcePorts;

  constructor(context: ProbeContext) {
    this.#ports = localSourcePorts();
    this.#connect = new ConnectProbe(context);
    this.#syn = synProbe(context, this.#ports);
  }

  compile(settings: CheckSettings): TcpCompiled {
    const wanted = (settings.options['tcp'] as { method?: Method } | undefined)?.method ?? 'auto';
    if (wanted === 'connect') return this.#connecting(settings, undefined);
    const syn = this.#tryCompileSyn(settings);
    if (typeof syn !== 'string') return syn;
    return wanted === 'syn' ? { method: 'refused', error: syn } : this.#connecting(settings, syn);
  }

  ready(compiled: TcpCompiled): Readiness {
    switch (compiled.method) {
      case 'refused':
        return { method: 'syn', error: `tcp.method: syn is not possible, ${compiled.error}; or set tcp.method to auto or connect` };
      case 'syn':
        return { method: 'syn', ...(this.#ports.warning !== undefined && { warning: this.#ports.warning }) };
      case 'connect': {
        const readiness = this.#connect.ready(compiled);
        if (compiled.insteadOfSyn === undefined || readiness.error !== undefined) return readiness;
        return { ...readiness, warning: `probes open a connection and reset it instead of a half-open SYN: ${compiled.insteadOfSyn}` };
      }
      default:
        return compiled satisfies never;
    }
  }

  start(target: Target<TcpCompiled>, deadlineMs: number, done: Done): void {
    if (target.compiled.method === 'refused') done(target, 'checker_permission', NaN, target.compiled.error);
    else this.#probeOf(target).start(target, deadlineMs, done);
  }

  onTimer(target: Target<TcpCompiled>, readToMs: number): void {
    this.#probeOf(target).onTimer(target, readToMs);
  }

  cancel(target: Target<TcpCompiled>): void {
    this.#probeOf(target).cancel(target);
  }

  drain(): number {
    return this.#syn instanceof RawUnavailable ? Infinity : this.#syn.drain();
  }

  close(): void {
    if (!(this.#syn instanceof RawUnavailable)) this.#syn.close();
    this.#connect.close();
  }

  #probeOf(target: Target<TcpCompiled>): Probe {
    return target.compiled.method === 'syn' ? (this.#syn as SynProbe) : this.#connect;
  }

  #connecting(settings: CheckSettings, insteadOfSyn: string | undefined): ConnectSettings {
    return { ...this.#connect.compile(settings), method: 'connect', insteadOfSyn };
  }

  /** Settings for SYN, or why this machine cannot. */
  #tryCompileSyn(settings: CheckSettings): SynSettings | string {
    if (this.#syn instanceof RawUnavailable) return this.#syn.message;
    const compiled = this.#syn.compile(settings);
    return this.#syn.ready(compiled).error ?? compiled;
  }
}

function synProbe(context: ProbeContext, ports: SourcePorts): SynProbe | RawUnavailable {
  try {
    return new SynProbe(context, synDependencies(ports.range));
  } catch (error) {
    if (error instanceof RawUnavailable) return error;
    throw error;
  }
}

export const tcpKind = {
  name: 'tcp',
  summary: 'The port is open: the backend answered a SYN with SYN-ACK. Says nothing of the application behind it.',
  usesPort: true,
  optionsSchema: {
    tcp: {
      type: 'object',
      description: 'How TCP probes are made.',
      additionalProperties: false,
      properties: {
        method: {
          enum: [...tcpMethods],
          default: 'auto',
          description:
            '`syn`: half-open, the application never sees a connection; needs CAP_NET_RAW. `connect`: the kernel connects, then the connection is reset. `auto`: syn where it is permitted, connect elsewhere.',
        },
      },
    },
  },
  create: (context) => new TcpProbe(context),
} as const satisfies ProbeKind<'tcp'>;
