/** Whether the service takes a connection from this machine itself, and how fast. */
import type { Case, DoctorFacts, Look } from '../facts.js';
import { addressRange, isLoopback } from '../intervals.js';

/** The kernel answers in no time, or the attempt is lost. */
const timeoutMs = 1000;

/** Never an address of another machine, unless the firewall hands the port on to it. */
function targetOf(
  { question, targets, hasAddress }: Case,
  { firewall, listening }: DoctorFacts,
): { address: string; port: number } | undefined {
  const handedOn = firewall?.request.translated;
  const port = handedOn?.port ?? question.port;
  if (handedOn?.address !== undefined) return { address: handedOn.address, port };
  if (question.address !== undefined) return hasAddress ? { address: question.address, port } : undefined;
  const bound = listening?.here.find(({ address }) => addressRange(address)?.first !== 0n);
  const address = bound?.address ?? targets[0]?.address ?? (question.family === 4 ? '127.0.0.1' : '::1');
  return { address, port };
}

export const localAnswerLook: Look = {
  name: 'a connection from this machine itself',
  async run({ machine, facts, leaveOut, case: asked }) {
    const target = targetOf(asked, facts);
    if (asked.question.protocol === 'udp' || target === undefined) {
      leaveOut(
        'a connection from this machine itself',
        target === undefined
          ? `${asked.question.address} is no address of this machine`
          : 'UDP has no connections; what the service answers to is not known',
      );
      return 'left out';
    }
    const connected = await machine.connect(target.address, target.port, timeoutMs);
    facts.local = { ...connected, ...target };
    const where = isLoopback(target.address) ? 'loopback' : target.address;
    return `${where}: ${connected.end}, ${connected.detail}, ${connected.tookMs.toFixed(1)} ms`;
  },
};
