/** Answers that stray from the RFCs, and what vitald makes of them. What other programs do: test/e2e/http-acceptance.test.ts. */
import t from 'tap';
import { httpKind } from '#vitald/probes/http/kind.js';
import { acceptance, acceptedByRule } from '../../support/http/acceptance.js';
import { Bench } from '../../support/real-context.js';
import { answers } from '../../support/servers/behaviours.js';
import { serve } from '../../support/servers/server.js';

const bench = new Bench(httpKind);
t.teardown(() => bench.close());

for (const { what, answer, accepted, vitald } of acceptance) {
  const by = accepted.length === 0 ? 'none' : accepted.join(', ');
  t.test(`vitald ${vitald} ${what}, accepted by ${by}`, async (t) => {
    const server = await serve(answers(Buffer.from(answer, 'latin1')));
    t.teardown(() => server.close());
    const { reason, detail } = await bench.run(server, { options: { method: 'GET' } });
    t.equal(reason === 'ok' ? 'accepts' : 'refuses', vitald, `${reason}: ${detail}`);
  });
}

t.test('vitald accepts what the rule says, or the row says why not', async (t) => {
  for (const row of acceptance) {
    if (row.because === undefined) t.equal(row.vitald === 'accepts', acceptedByRule(row), row.what);
    else t.equal(row.vitald === 'accepts', !acceptedByRule(row), `${row.what}: a reason is given only if it is needed`);
  }
});
