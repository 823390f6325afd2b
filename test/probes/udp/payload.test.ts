import t from 'tap';
import { createUdpKind } from '#vitald/probes/udp/kind.js';
import { longestPayloadBytes, parsePayload } from '#vitald/probes/udp/payload.js';

t.test('a payload is written as text or as hexadecimal digits', async (t) => {
  t.same(parsePayload('text:pong'), Buffer.from('pong'));
  t.same(parsePayload('text:žluť\n'), Buffer.from('žluť\n', 'utf8'), 'text is UTF-8, line ends included');
  t.same(parsePayload('hex:00fF'), Buffer.from([0, 255]));
  t.same(parsePayload('hex:'), Buffer.alloc(0));
});

t.test('a payload in any other notation is refused with what is allowed', async (t) => {
  for (const wrong of ['pong', 'hex:0', 'hex:zz', 'HEX:00', '', 'hex:00 ff']) {
    t.match(parsePayload(wrong), /is not "text:…", or "hex:…"/, JSON.stringify(wrong));
  }
});

t.test('a payload fits into one packet on every network', async (t) => {
  t.type(parsePayload(`text:${'x'.repeat(longestPayloadBytes)}`), Buffer);
  t.match(parsePayload(`text:${'x'.repeat(longestPayloadBytes + 1)}`), /is 1233 bytes long; at most 1232/);
});

t.test('the configuration is told where a payload is wrong', async (t) => {
  const kind = createUdpKind({});
  t.same(kind.validate!({}), []);
  t.same(kind.validate!({ udp: { send: 'text:ping', expect: 'text:pong' } }), []);
  t.match(kind.validate!({ udp: { send: `text:${'x'.repeat(2000)}`, expect: 'hex:' } }), [
    { path: ['udp', 'send'], message: /is 2000 bytes long/ },
    { path: ['udp', 'expect'], message: /is empty, which every answer begins with/ },
  ]);
});
