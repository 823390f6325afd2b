import t from 'tap';
import { headerFields } from '#vitald/diagnosis/diagnose/service/header-fields.js';

const fields = (text: string): Readonly<Record<string, string>> => headerFields(Buffer.from(text, 'latin1'));

t.test('names are in lower case, values without the space around them', async (t) => {
  t.same(fields('HTTP/1.1 200 OK\r\nLocation:  /a \r\nX-B:c\r\n\r\n'), { location: '/a', 'x-b': 'c' });
});

t.test('a header that comes twice is joined, a folded line goes on', async (t) => {
  t.same(fields('HTTP/1.1 200 OK\nA: 1\nA: 2\n 3\n\n'), { a: '1, 2 3' });
});

t.test('interim responses do not count', async (t) => {
  t.same(fields('HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n'), { a: 'b' });
});

t.test('a header named like a part of every object is a header', async (t) => {
  const found = fields('HTTP/1.1 200 OK\r\n__proto__: x\r\n\r\n');
  t.same(Object.entries(found), [['__proto__', 'x']]);
});

t.test('fields and values are bounded', async (t) => {
  const many = Array.from({ length: 500 }, (_, place) => `H${place}: ${'v'.repeat(5000)}\r\n`).join('');
  const found = Object.values(fields(`HTTP/1.1 200 OK\r\n${many}\r\n`));
  t.equal(found.length, 100);
  t.equal(found[0]!.length, 2048);
});
