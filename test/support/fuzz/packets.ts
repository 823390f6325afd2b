/**
 * Packets that no backend would send, or that another host sends in its name: src/probes/raw, tcp/syn.ts, ping/echo.ts.
 * A probe knows its answer by 32 random bits. A host that does not see the probe cannot know them; what is forged here has
 * at least one thing wrong.
 */
import fc, { type Arbitrary } from 'fast-check';
import { ipv6Bytes } from '#vitald/probes/raw/addresses.js';
import { icmp4, icmp6, protocol } from '#vitald/probes/raw/numbers.js';
import { EchoProbe } from '#vitald/probes/ping/echo.js';
import { SynProbe } from '#vitald/probes/tcp/syn.js';
import { answerTo, FakeNetwork, icmpError, ipv4, type Sent } from '../fake-network.js';
import { SimulatedProbe, type Ending } from '../simulated-probe.js';
import { attack, must, type Attack } from './attack.js';
import { anyBytes, damaged, damages, hex, type Damage } from './bytes.js';

const here = '10.0.0.100';
const there = '10.0.0.1';
const other = '10.0.0.2';
const there6 = 'fd00::1';
const other6 = 'fd00::2';
const port = 80;
const udp = 17;
const families = [4, 6] as const;
type Family = (typeof families)[number];

interface Packet {
  readonly family: Family;
  readonly protocol: number;
  readonly bytes: Buffer;
  readonly source: string;
}

/** What is wrong with a forged packet. */
const wrongs = [
  'another address',
  'another number',
  'another port',
  'no answer',
  'cut short',
  'an error about another address',
  'an error about another port',
  'an error about another protocol',
  'an error with another number',
  'an error of no meaning',
  'an error about nothing',
] as const;
type Wrong = (typeof wrongs)[number];

interface Forgery {
  readonly wrong: Wrong;
  /** 1 to 2^32 - 1: how far the number is off. */
  readonly off: number;
  readonly length: number;
  readonly code: number;
}

const forgery: Arbitrary<Forgery> = fc.record({
  wrong: fc.constantFrom(...wrongs),
  off: fc.oneof(fc.constantFrom(1, 2, 255, 256, 65_535, 65_536, 0x8000_0000, 0xffff_ffff), fc.integer({ min: 1, max: 0xffff_ffff })),
  length: fc.integer({ min: 0, max: 27 }),
  code: fc.integer({ min: 0, max: 255 }),
});

interface Noise {
  readonly protocol: number;
  readonly bytes: Buffer;
  readonly source: string;
}

const noise: Arbitrary<Noise> = fc.record({
  protocol: fc.constantFrom(...Object.values(protocol)),
  bytes: fc.oneof(
    anyBytes(160),
    fc
      .tuple(fc.integer({ min: 0, max: 160 }), fc.constantFrom(0, 0x45, 0x4f, 0x60, 0xff))
      .map(([length, fill]) => Buffer.alloc(length, fill)),
  ),
  source: fc.constantFrom(there, other, there6, other6),
});

/** A true answer that was damaged on its way may still be true: it must only do no harm. */
interface Attempt {
  readonly family: Family;
  readonly forgeries: readonly Forgery[];
  readonly noise: readonly Noise[];
  readonly damage: readonly Damage[];
}

const attempt: Arbitrary<Attempt> = fc.record({
  family: fc.constantFrom(...families),
  forgeries: fc.array(forgery, { maxLength: 6 }),
  noise: fc.array(noise, { maxLength: 4 }),
  damage: damages,
});

/** Makes packets about a probe, of one kind of probe. */
interface Forger {
  readonly protocol: (family: Family) => number;
  /** A true answer without its IP header. */
  readonly answer: (sent: Buffer, family: Family) => Buffer;
  /** Where in the answer, and where in the probe, the number stands that only the two know. */
  readonly numberInAnswer: number;
  readonly numberInProbe: number;
  /** Where in the answer the port stands; undefined: this kind has none. */
  readonly portInAnswer: number | undefined;
  /** Makes an answer into a packet that is none. */
  readonly spoil: (answer: Buffer) => void;
}

const synAck = 0x12;

const syn: Forger = {
  protocol: () => protocol.tcp,
  answer: (sent) => answerTo(sent, synAck),
  numberInAnswer: 8,
  numberInProbe: 4,
  portInAnswer: 0,
  spoil: (answer) => (answer[13] = 0x08),
};

const echo: Forger = {
  protocol: (family) => (family === 4 ? protocol.icmp : protocol.icmpv6),
  answer(sent, family) {
    const answer = Buffer.from(sent);
    answer[0] = family === 4 ? icmp4.echoReply : icmp6.echoReply;
    return answer;
  },
  numberInAnswer: 4,
  numberInProbe: 4,
  portInAnswer: undefined,
  // A request, as other hosts send them to this one.
  spoil: (answer) => (answer[0] = answer[0] === icmp4.echoReply ? icmp4.echoRequest : icmp6.echoRequest),
};

function shifted(packet: Buffer, at: number, by: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt32BE((copy.readUInt32BE(at) + by) >>> 0, at);
  return copy;
}

/** With another port than that of the check. @param off 1 and more */
function withPort(packet: Buffer, at: number, off: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE((port + 1 + (off % 65_535)) & 0xffff, at);
  return copy;
}

function withHeader(family: Family, source: string, destination: string, next: number, payload: Buffer): Buffer {
  if (family === 4) return ipv4(source, destination, next, payload);
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(payload.length, 4);
  header[6] = next;
  ipv6Bytes(source).copy(header, 8);
  ipv6Bytes(destination).copy(header, 24);
  return Buffer.concat([header, payload]);
}

/** As the kernel hands it over: IPv4 with its IP header, IPv6 without. */
function received(family: Family, number: number, payload: Buffer, source: string): Packet {
  return { family, protocol: number, bytes: family === 4 ? ipv4(source, here, number, payload) : payload, source };
}

function forged({ wrong, off, length, code }: Forgery, family: Family, forger: Forger, probe: Buffer): Packet {
  const [backend, stranger, own] = family === 4 ? [there, other, here] : [there6, other6, 'fd00::100'];
  const number = forger.protocol(family);
  const answer = forger.answer(probe, family);
  const error = (type: number, errorCode: number, about: Buffer, sender = stranger): Packet =>
    received(family, family === 4 ? protocol.icmp : protocol.icmpv6, icmpError(type, errorCode, about), sender);
  const unreachable = family === 4 ? icmp4.unreachable : icmp6.unreachable;
  const about = (bytes: Buffer, destination = backend): Buffer => withHeader(family, own, destination, number, bytes);
  switch (wrong) {
    case 'another address':
      return received(family, number, answer, stranger);
    case 'another number':
      return received(family, number, shifted(answer, forger.numberInAnswer, off), backend);
    case 'another port':
      if (forger.portInAnswer === undefined) return received(family, number, answer, stranger);
      return received(family, number, withPort(answer, forger.portInAnswer, off), backend);
    case 'no answer':
      forger.spoil(answer);
      return received(family, number, answer, backend);
    case 'cut short':
      return received(family, number, answer.subarray(0, Math.min(length, shortestAnswer(forger) - 1)), backend);
    case 'an error about another address':
      return error(unreachable, code, about(probe, stranger));
    case 'an error about another port':
      if (forger.portInAnswer === undefined) return error(unreachable, code, about(probe, stranger));
      return error(unreachable, code, about(withPort(probe, 2, off)));
    case 'an error about another protocol':
      return error(unreachable, code, withHeader(family, own, backend, udp, probe));
    case 'an error with another number':
      return error(unreachable, code, about(shifted(probe, forger.numberInProbe, off)));
    case 'an error of no meaning':
      return error(family === 4 ? icmp4.timeExceeded : icmp6.timeExceeded, code, about(probe));
    case 'an error about nothing':
      return error(unreachable, code, about(probe).subarray(0, length));
    default:
      return wrong satisfies never;
  }
}

/** Of an answer as much must be there as is looked at: the flags of TCP, the number of an echo reply. */
const shortestAnswer = (forger: Forger): number => (forger.portInAnswer === undefined ? forger.numberInAnswer + 4 : 14);

type AnyProbe = SimulatedProbe<never>;

interface World {
  readonly network: FakeNetwork;
  readonly sim: AnyProbe;
}

/** Bytes that are kept of a packet (raw/channel.ts). */
const bufferBytes = 160;

/** As the real socket does it: into a buffer that still holds an older packet. */
function deliverOver(older: Buffer, network: FakeNetwork, number: number, packet: Buffer, source: string): void {
  const buffer = Buffer.alloc(bufferBytes);
  older.copy(buffer);
  packet.copy(buffer);
  network.deliver(number, buffer, source, 0, Math.min(packet.length, bufferBytes));
}

function checkAttempt({ network, sim }: World, forger: Forger, { family, forgeries, noise, damage }: Attempt): void {
  const backend = family === 4 ? there : there6;
  const target = sim.target(0, backend, forger.portInAnswer === undefined ? 0 : port);
  const endings: Ending[] = sim.start(target);
  const probe = (network.sent.at(-1) as Sent).packet;
  const answer = received(family, forger.protocol(family), forger.answer(probe, family), backend);
  const deliver = ({ protocol: number, bytes, source }: Packet): void => deliverOver(answer.bytes, network, number, bytes, source);
  for (const one of forgeries) {
    deliver(forged(one, family, forger, probe));
    must(endings.length === 0, () => `${one.wrong} ended the probe: ${JSON.stringify(endings)}`);
  }
  for (const one of noise) {
    deliver({ family, ...one });
    must(endings.length === 0, () => `noise ended the probe: ${hex(one.bytes)}`);
  }
  deliver({ ...answer, bytes: damaged(answer.bytes, damage) });
  deliver(answer);
  must(endings.length === 1, `${endings.length} endings`);
  deliver(answer);
  must(endings.length === 1, 'an answer that is repeated ends the probe again');
  sim.probe.cancel(target);
  network.sent.length = 0;
}

function world(create: (network: FakeNetwork) => AnyProbe): { check: (forger: Forger, attempt: Attempt) => void } {
  const network = new FakeNetwork();
  const sim = create(network);
  return { check: (forger, attempt) => checkAttempt({ network, sim }, forger, attempt) };
}

const show = ({ family, forgeries, noise, damage }: Attempt): string =>
  JSON.stringify({ family, forgeries, noise: noise.map(({ bytes, ...rest }) => ({ ...rest, bytes: hex(bytes) })), damage });

const synPackets = attack({
  name: 'syn-packets',
  holds: 'forged, damaged and random packets end no half-open TCP probe, and the true answer still does',
  runs: { suite: 1500, long: 150_000 },
  inputs: attempt,
  show,
  begin() {
    const ports = { first: 61_000, last: 61_099 };
    const { check } = world(
      ({ open }) =>
        new SimulatedProbe(
          (context) => new SynProbe(context, { openChannel: open, ports, findSource: () => 0x0a000064, close: () => undefined }),
        ) as unknown as AnyProbe,
    );
    return { check: (attempt) => check(syn, attempt) };
  },
});

const echoPackets = attack({
  name: 'echo-packets',
  holds: 'forged, damaged and random packets end no ping, and the true answer still does',
  runs: { suite: 1500, long: 150_000 },
  inputs: attempt,
  show,
  begin() {
    const { check } = world(({ open }) => new SimulatedProbe((context) => new EchoProbe(context, open)) as unknown as AnyProbe);
    return { check: (attempt) => check(echo, attempt) };
  },
});

export const packetAttacks: readonly Attack[] = [synPackets, echoPackets];
