/** What tests say of a diagnosis: its findings, and that their lines are valid and mend the check. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { serve, type Behaviour } from '../../../support/servers/server.js';
import { changed, diagnoseService, httpServer, probe, problemsOf, short, subjectAt, type Given, type Lines, type Place } from './world.js';

export interface Expected {
  /** All of them, in short. */
  readonly findings: readonly string[];
  /** Of the first finding's sentence. */
  readonly summary?: RegExp;
  /** With the first finding's lines in the configuration the check passes. */
  readonly mended?: boolean;
}

const proposed: Lines[] = [];

export async function expectFindings(t: Test, server: Place, given: Given, { findings, summary, mended }: Expected): Promise<void> {
  t.teardown(() => server.close());
  const subject = subjectAt(server.port, given);
  const diagnosed = await diagnoseService(subject);
  t.same(short(diagnosed.findings), findings);
  const [first] = diagnosed.findings;
  if (summary !== undefined) t.match(first?.summary, summary);
  const protocol = subject.check.type === 'ping' ? 'tcp' : subject.check.type;
  for (const { yaml } of diagnosed.findings) if (yaml !== undefined) proposed.push({ protocol, yaml });
  for (const { code, evidence } of diagnosed.findings) t.ok(evidence.length > 0, `${code} has evidence`);
  if (mended === true) t.match(await probe(changed(subject, first!.yaml!)), { kind: 'pass' }, 'the proposed lines mend it');
}

/**
 * The last test of a file: the configuration takes all lines that its findings proposed. All at once, for reading a
 * configuration holds up the clock of tests that run beside it.
 */
export function linesAreValid(): void {
  t.test('all lines that were proposed are valid', { buffered: false }, async (t) => {
    t.not(proposed.length, 0);
    t.same(problemsOf(proposed), []);
  });
}

/** A test over a real HTTP server. */
export const onHttp = (name: string, listener: RequestListener, given: Given, expected: Expected): void =>
  void t.test(name, async (t) => expectFindings(t, await httpServer(listener), given, expected));

/** A test over a server that does as it likes with its connections. */
export const onSocket = (name: string, behaviour: Behaviour, given: Given, expected: Expected): void =>
  void t.test(name, async (t) => expectFindings(t, await serve(behaviour), given, expected));

/** Answers each request with the status that is chosen for it. */
export const status =
  (choose: (request: IncomingMessage) => number, headers: Record<string, string> = {}): RequestListener =>
  (request, response: ServerResponse) => {
    response.writeHead(choose(request), headers).end();
  };

export const health = { options: { path: '/health' } };
