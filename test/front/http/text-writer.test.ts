import t from 'tap';
import { jsonEscapes, labelEscapes } from '#vitald/front/http/escapes.js';
import { TextWriter } from '#vitald/front/http/text-writer.js';
import { addSeconds, addTime, rfc3339, seconds } from '#vitald/front/http/time.js';

function written(write: (text: TextWriter) => void): string {
  const text = new TextWriter();
  write(text);
  return text.take().toString('utf8');
}

const hostile = [
  '',
  'plain',
  'a "b" \\ c',
  Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)).join(''),
  'Grüße, 世界, 👋',
  '\u2028\u2029\ufeff',
  '"'.repeat(5000),
];

t.test('texts of any characters and lengths are written as UTF-8', async (t) => {
  for (const text of [...hostile, 'x'.repeat(300_000)])
    t.equal(
      written((writer) => writer.add(text)),
      text,
    );
});

t.test('strings of JSON are escaped as JSON.stringify does', async (t) => {
  for (const text of hostile) {
    const bytes = Buffer.from(text);
    t.equal(
      written((writer) => writer.addEscaped(bytes, 0, bytes.length, jsonEscapes)),
      JSON.stringify(text).slice(1, -1),
    );
  }
});

t.test('labels escape backslash, quotation mark and line feed, and nothing else', async (t) => {
  const bytes = Buffer.from('é\t"a\\b\n"');
  t.equal(
    written((writer) => writer.addEscaped(bytes, 0, bytes.length, labelEscapes)),
    'é\t\\"a\\\\b\\n\\"',
  );
});

t.test('numbers are written as JavaScript writes them', async (t) => {
  const powers = Array.from({ length: 16 }, (_, exponent) => [10 ** exponent - 1, 10 ** exponent, 10 ** exponent + 1]).flat();
  for (const value of [...powers, 0.5, 1e21, 1e-7, -3, 1763723640000118, Number.MAX_SAFE_INTEGER]) {
    t.equal(
      written((text) => text.addNumber(value)),
      String(value),
    );
  }
});

t.test('round trips are written in seconds, to the microsecond', async (t) => {
  const powers = Array.from({ length: 12 }, (_, exponent) => [1, 1.234, 5].map((digits) => digits * 10 ** (exponent - 4))).flat();
  for (const ms of [...powers, 0, NaN, 999.9995, 1000, 123456.789]) {
    t.equal(
      written((text) => addSeconds(text, ms)),
      String(seconds(ms)),
      String(ms),
    );
  }
});

t.test('times are written as the rest of the API shows them', async (t) => {
  const start = Date.parse('2024-02-28T23:59:59.990Z');
  for (let at = start; at < start + 200_000_000; at += 1_234_567.891)
    t.equal(
      written((text) => addTime(text, at)),
      rfc3339(at),
    );
});

t.test('a long text is taken piece by piece', async (t) => {
  const text = new TextWriter();
  const pieces: Buffer[] = [];
  let all = '';
  for (let line = 0; line < 50_000; line++) {
    text.add(`line ${line}\n`);
    all += `line ${line}\n`;
    if (text.full) pieces.push(text.take());
  }
  pieces.push(text.take());
  t.ok(pieces.length > 2);
  t.equal(Buffer.concat(pieces).toString(), all);
  t.equal(text.take().length, 0);
});
