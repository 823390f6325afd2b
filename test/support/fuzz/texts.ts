/** Small texts that people and programs write: durations, addresses, payloads, tokens, event ids, cursors. */
import { isIP } from 'node:net';
import fc, { type Arbitrary } from 'fast-check';
import { parseAddress, Refusal, splitEndpoint, unbracketedEndpoint } from '#vitald/config/address.js';
import { formatEndpoint } from '#vitald/endpoint.js';
import { formatDuration, parseDuration } from '#vitald/config/duration.js';
import { quoted } from '#vitald/config/problem.js';
import { hashOfToken, newToken, withoutTokens } from '#vitald/config/token.js';
import { addressRange } from '#vitald/diagnosis/doctor/intervals.js';
import { cursorAfter, idOfCursor } from '#vitald/front/api/cursor.js';
import { statusRange } from '#vitald/health/expected-status.js';
import { addressKey, addressOfKey, ipv6Bytes } from '#vitald/probes/raw/addresses.js';
import { longestPayloadBytes, parsePayload } from '#vitald/probes/udp/payload.js';
import { udpOptionProblems } from '#vitald/probes/udp/options.js';
import { eventId, parseEventId } from '#vitald/status/epoch.js';
import { attack, must, type Attack } from './attack.js';

/** Any text: of letters that mean something here, of any code unit, lone surrogates included, or very long. */
export function textOf(letters: string, maxLength = 40): Arbitrary<string> {
  const letter = fc.constantFrom(...letters);
  const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
  return fc.oneof(
    { weight: 6, arbitrary: fc.array(letter, { maxLength }).map((all) => all.join('')) },
    { weight: 2, arbitrary: fc.array(fc.oneof(letter, unit), { maxLength }).map((all) => all.join('')) },
    { weight: 1, arbitrary: fc.tuple(letter, fc.integer({ min: 1, max: 20_000 })).map(([one, times]) => one.repeat(times)) },
  );
}

/** Without lone surrogates. */
export const wellFormed = (text: string): string => Buffer.from(text).toString();

function isOneLine(text: string): boolean {
  return !/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/.test(text);
}

function checkDuration(text: string): void {
  const ms = parseDuration(text);
  if (ms === undefined) return;
  must(Number.isFinite(ms) && ms >= 0, `${quoted(text)} is ${ms} ms`);
  must(parseDuration(formatDuration(Math.round(ms))) !== undefined, () => `${formatDuration(Math.round(ms))} is not a duration`);
  const [, number, unit] = /^([0-9]+(?:[.][0-9]+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit ?? ''];
  must(unitMs !== undefined && Math.abs(Number(number) * unitMs - ms) <= 0.001, `${quoted(text)} is taken for ${ms} ms`);
}

const durations = attack({
  name: 'durations',
  holds: 'any text is a duration of a finite number of milliseconds, or none',
  runs: { suite: 2000, long: 200_000 },
  inputs: textOf('0123456789.msh -+e'),
  begin: () => ({ check: checkDuration }),
});

const ipText = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4Extended(),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 99_999 })).map(([address, port]) => `[${address}]:${port}`),
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 99_999 })).map(([address, port]) => `${address}:${port}`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 200 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(fc.ipV4(), fc.ipV4()).map((both) => both.join('-')),
  textOf('0123456789abcdef:.[]%/-x '),
);

function checkAddress(text: string): void {
  const parsed = parseAddress(text);
  if (parsed instanceof Refusal) must(isOneLine(parsed.message), `the refusal is not one line: ${JSON.stringify(parsed.message)}`);
  else {
    must(isIP(parsed.address) === parsed.family, `${parsed.address} is not of family ${parsed.family}`);
    const again = parseAddress(parsed.address);
    must(!(again instanceof Refusal) && again.address === parsed.address, `${parsed.address} does not stand for itself`);
    const key = addressKey(parsed.address);
    must(key.length === (parsed.family === 4 ? 8 : 32), `the bytes of ${parsed.address} are ${key}`);
    must(addressKey(addressOfKey(key)) === key, `${addressOfKey(key)} is not ${parsed.address}`);
    if (parsed.family === 6) must(ipv6Bytes(parsed.address).toString('hex') === key, `the bytes of ${parsed.address} differ`);
    const range = addressRange(parsed.address);
    must(range?.first === BigInt(`0x${key}`), `the doctor reads ${parsed.address} as ${range?.first.toString(16)}`);
  }
  const endpoint = splitEndpoint(text);
  if (endpoint instanceof Refusal) must(isOneLine(endpoint.message), `the refusal is not one line: ${JSON.stringify(endpoint.message)}`);
  else if (endpoint.port !== undefined) must(endpoint.port >= 0 && endpoint.port <= 65_535, `the port is ${endpoint.port}`);
  const meant = unbracketedEndpoint(text);
  if (meant !== undefined) must(!(splitEndpoint(formatEndpoint(meant.address, meant.port)) instanceof Refusal), 'advice that is refused');
  const range = addressRange(text);
  must(range === undefined || range.first <= range.last, () => `${text} ends before it begins`);
}

const addresses = attack({
  name: 'addresses',
  holds: 'any text is an address, an endpoint or a range that is read alike everywhere, or is refused in one line',
  runs: { suite: 2000, long: 200_000 },
  inputs: ipText,
  begin: () => ({ check: checkAddress }),
});

const payloadText = fc.oneof(
  fc.tuple(fc.constantFrom('text:', 'hex:', 'HEX:', 'text', ''), textOf('0123456789abcdefABCDEF\n\0ä€ ', 60)).map((both) => both.join('')),
  fc.tuple(fc.constantFrom('hex:', 'text:'), fc.integer({ min: 1, max: 3000 })).map(([form, times]) => form + 'ab'.repeat(times)),
);

function checkPayload(text: string): void {
  const parsed = parsePayload(text);
  if (typeof parsed === 'string') must(parsed !== '', 'a refusal without words');
  else {
    must(parsed.length <= longestPayloadBytes, `${parsed.length} bytes`);
    if (text.startsWith('hex:')) must(`hex:${parsed.toString('hex')}` === text.toLowerCase(), 'other bytes than were written');
    else must(Buffer.from(text.slice(5)).equals(parsed), 'other bytes than were written');
  }
  for (const { path, message } of udpOptionProblems({ udp: { send: text, expect: text } })) {
    must(path[0] === 'udp' && message !== '', 'a problem without a place or words');
  }
}

const payloads = attack({
  name: 'payloads',
  holds: 'any text is a UDP payload of the bytes that it spells, or is refused with a reason',
  runs: { suite: 1500, long: 100_000 },
  inputs: payloadText,
  begin: () => ({ check: checkPayload }),
});

function checkStatus(text: string): void {
  const range = statusRange(text);
  if (range === undefined) return;
  must(range.from >= 100 && range.to <= 599 && range.from <= range.to, `${quoted(text)} is ${range.from} to ${range.to}`);
}

const statuses = attack({
  name: 'statuses',
  holds: 'any text is a range of status codes from 100 to 599, or none',
  runs: { suite: 1500, long: 100_000 },
  inputs: fc.oneof(textOf('0123456789-_httpx ', 12), fc.stringMatching(/^[0-9]{3}-[0-9]{3}$/), fc.stringMatching(/^http_[0-9]xx$/)),
  begin: () => ({ check: checkStatus }),
});

function checkId(text: string): void {
  const named = parseEventId(text);
  if (named !== undefined) {
    must(Number.isInteger(named.revision) && named.revision >= 0, `the revision is ${named.revision}`);
    const same = named.epoch === undefined ? text : eventId(named.epoch, named.revision);
    if (Number.isSafeInteger(named.revision)) must(parseEventId(same)?.revision === named.revision, `${same} is not ${text}`);
  }
  const id = idOfCursor(text);
  must(id === undefined || cursorAfter(id) === text, () => `the cursor ${text} is not that of ${String(id)}`);
  // Lone surrogates are no text that an id could have.
  if (wellFormed(text) === text) must(idOfCursor(cursorAfter(text)) === text, 'a cursor does not lead back to its id');
}

const ids = attack({
  name: 'ids',
  holds: 'any text is an event id or a cursor that leads back to itself, or none',
  runs: { suite: 2000, long: 200_000 },
  inputs: fc.oneof(
    textOf('0123456789abcdefABCDEF_-:=', 90),
    fc.tuple(fc.stringMatching(/^[a-z0-9]{1,70}$/), fc.bigInt({ min: 0n, max: 10n ** 20n })).map(([epoch, n]) => `${epoch}:${n}`),
    textOf('abc/:', 20).map(cursorAfter),
    // Other spellings of the same bytes.
    fc.tuple(textOf('abc/:', 20).map(cursorAfter), textOf('=.-_ AQg', 3)).map((both) => both.join('')),
  ),
  begin: () => ({ check: checkId }),
});

/** Texts with a token somewhere in them. */
const secretive = fc.record({ before: textOf('vitald_ ?&="%\n', 20), after: textOf(' &"\n#', 5) });

function checkToken({ before, after }: { readonly before: string; readonly after: string }): void {
  const token = newToken();
  must(hashOfToken(token)?.length === 64, 'a new token is not acceptable');
  const text = withoutTokens(before + token + after);
  must(!text.includes(token), `the token is still in ${JSON.stringify(text)}`);
  hashOfToken(before);
}

const tokens = attack({
  name: 'tokens',
  holds: 'a token is taken out of whatever text it stands in',
  runs: { suite: 1000, long: 50_000 },
  inputs: secretive,
  begin: () => ({ check: checkToken }),
});

export const textAttacks: readonly Attack[] = [durations, addresses, payloads, statuses, ids, tokens];
