/** Runs the steps and rules of the service alone, over real servers on loopback. */
import { checkOf } from '../../../support/plans.js';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';
import type { CheckPlan } from '#vitald/config/plan.js';
import { parseDuration } from '#vitald/config/duration.js';
import { loadConfig } from '#vitald/config/load.js';
import { renderProblem } from '#vitald/config/problem.js';
import type { Facts } from '#vitald/diagnosis/diagnose/facts.js';
import { serviceRules, serviceSteps } from '#vitald/diagnosis/diagnose/service/index.js';
import type { Exchange } from '#vitald/diagnosis/diagnose/service/facts.js';
import type { Conclusion, StepContext } from '#vitald/diagnosis/diagnose/step.js';
import type { Subject } from '#vitald/diagnosis/diagnose/subject.js';
import { probeOnce, type Outcome } from '#vitald/probes/one-shot.js';
import { probeKinds } from '#vitald/probes/registry.js';
import type { Identity } from '../../../support/certificates.js';
import { machine } from '../../../support/load.js';

export interface Place {
  readonly port: number;
  close(): Promise<void>;
}

/** A real HTTP server of Node; with an identity, it speaks TLS. */
export async function httpServer(listener: RequestListener, identity?: Identity): Promise<Place> {
  const server = identity === undefined ? createHttpServer(listener) : createHttpsServer({ ...identity }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export type Given = Partial<CheckPlan> & { readonly backendPort?: number };

/** A backend on 127.0.0.1 and its check, with defaults. */
export function subjectAt(port: number, { backendPort = port, ...given }: Given = {}): Subject {
  const check = checkOf({ type: 'http', intervalMs: 5000, timeoutMs: 1000, ...given });
  return { listener: 'web', backend: 'app', address: '127.0.0.1', family: 4, port: backendPort, checkPort: port, check };
}

export interface Diagnosed {
  readonly findings: readonly Conclusion[];
  readonly facts: Facts;
  /** What each step said, by its name; left out: why, in parentheses. */
  readonly steps: ReadonlyMap<string, string>;
}

/** The check, the steps in their order, the rules: findings by certainty, then by the order of the rules. */
export async function diagnoseService(subject: Subject, signal: StepContext['signal'] = new AbortController().signal): Promise<Diagnosed> {
  const outcomes = [await probe(subject), await probe(subject)];
  const facts: Facts = { check: { outcomes, evidence: [] }, network: {}, service: {} };
  const context = { subject, facts, signal };
  const steps = new Map<string, string>();
  for (const step of serviceSteps) {
    const why = step.leaveOut?.(context);
    steps.set(step.name, why === undefined ? await step.run(context) : `(${why})`);
  }
  return { findings: conclude(subject, facts), facts, steps };
}

export function conclude(subject: Subject, facts: Facts): Conclusion[] {
  const order = ['certain', 'likely', 'possible'];
  return serviceRules
    .flatMap((rule) => rule(subject, facts))
    .sort((one, other) => order.indexOf(one.certainty) - order.indexOf(other.certainty));
}

/** Findings in short: “certain path_not_found”. */
export function short(findings: readonly Conclusion[]): string[] {
  return findings.map(({ certainty, code }) => `${certainty} ${code}`);
}

export function probe({ address, family, checkPort, check }: Subject): Promise<Outcome> {
  const kind = probeKinds.find(({ name }) => name === check.type)!;
  return probeOnce((context) => kind.create(context), check, { address, family, port: checkPort });
}

/** What is wrong with proposed lines, each in a listener of its own; [] where the configuration takes all of them. */
export function problemsOfLines(findings: readonly Pick<Conclusion, 'yaml'>[], subject: Subject): string[] {
  const protocol = subject.check.type === 'ping' ? 'tcp' : subject.check.type;
  return problemsOf(findings.flatMap(({ yaml }) => (yaml === undefined ? [] : [{ protocol, yaml }])));
}

export interface Lines {
  readonly protocol: string;
  readonly yaml: string;
}

export function problemsOf(all: readonly Lines[]): string[] {
  if (all.length === 0) return [];
  const listeners = all.map(({ protocol, yaml }, place) => {
    const indented = yaml.replace(/^(?=.)/gm, '    ');
    return `  - name: web-${place}\n    protocol: ${protocol}\n${indented}    backends: [127.0.0.1:${place + 1}]\n`;
  });
  const text = `listeners:\n${listeners.join('')}`;
  return loadConfig({ file: 'vitald.yaml', text, env: {}, kinds: probeKinds, machine }).problems.map(renderProblem);
}

interface ProposedCheck extends Readonly<Record<string, unknown>> {
  readonly type?: string;
  readonly port?: number;
  readonly timeout?: string;
  readonly interval?: string;
}

/** The subject with the proposed lines in its check. */
export function changed(subject: Subject, yaml: string): Subject {
  const { type, port, timeout, interval, ...options } = (parse(yaml) as { check: ProposedCheck }).check;
  const { check, checkPort } = subject;
  return {
    ...subject,
    checkPort: port ?? checkPort,
    check: {
      ...check,
      type: type ?? check.type,
      timeoutMs: parseDuration(timeout ?? '') ?? check.timeoutMs,
      intervalMs: parseDuration(interval ?? '') ?? check.intervalMs,
      options: { ...check.options, ...options },
    },
  };
}

/** An exchange as it would be, for rules alone. */
export function exchangeWith(given: Partial<Exchange>): Exchange {
  const end = given.end ?? 'answered';
  return {
    request: 'HEAD / HTTP/1.1',
    end,
    reason: end === 'answered' ? 'ok' : 'response_closed',
    errorCode: undefined,
    headers: {},
    detail: '',
    firstBytes: '',
    bytesReceived: 0,
    connectMs: 1,
    tlsMs: NaN,
    firstByteMs: 1,
    totalMs: 3,
    evidence: { sent: 'a request', got: 'an answer', at: 0 },
    ...given,
  };
}
