import type { FastifyRequest } from 'fastify';
import t from 'tap';
import { CodedError } from '#vitald/errors.js';
import { RefusalLog } from '#vitald/front/access/refusal-log.js';
import { newToken } from '#vitald/config/token.js';

function world() {
  const lines: [Record<string, unknown>, string][] = [];
  let now = 0;
  const log = new RefusalLog({ warn: (fields: unknown, text?: unknown) => void lines.push([fields as never, String(text)]) }, () => now);
  const refuse = (remoteAddress: string, url = '/v1/status'): void => {
    const request = { method: 'GET', url, raw: { socket: { remoteAddress } } } as unknown as FastifyRequest;
    log.add(request, new CodedError('unauthorized', 'no'));
  };
  return { lines, refuse, later: (ms: number) => (now += ms) };
}

t.test('of a client five lines a minute are written, then how many were left out', async (t) => {
  const { lines, refuse, later } = world();
  for (let i = 0; i < 100; i++) refuse('10.0.0.1');
  refuse('10.0.0.2');
  t.equal(lines.length, 6);
  t.match(lines.at(-1), [{ remote: '10.0.0.2', code: 'unauthorized', path: '/v1/status' }, 'refused: no']);
  later(60_000);
  refuse('10.0.0.1');
  t.match(lines.at(-1), [{ remote: '10.0.0.1', left_out: 95 }, String]);
});

t.test('a token that somebody put into the address is not written', async (t) => {
  const { lines, refuse } = world();
  const token = newToken();
  refuse('10.0.0.1', `/v1/${token}/status?token=${token}`);
  t.notMatch(JSON.stringify(lines), token);
  t.match(lines, [[{ path: '/v1/[redacted]/status' }]]);
});
