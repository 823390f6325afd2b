import t from 'tap';
import { conclude } from '#vitald/diagnosis/diagnose/conclude.js';
import type { Conclusion, Rule } from '#vitald/diagnosis/diagnose/step.js';
import type { Reason } from '#vitald/health/reasons.js';
import { outcome, seen, subjectOf } from './network/world.js';

const says =
  (...conclusions: readonly (Pick<Conclusion, 'code' | 'certainty'> & Partial<Conclusion>)[]): Rule =>
  () =>
    conclusions.map((one) => ({ summary: `${one.code}, ${one.certainty}`, evidence: [], ...one }));

function concluded(reason: Reason, causes: readonly Rule[], traps: readonly Rule[] = []): ReturnType<typeof conclude> {
  return conclude(subjectOf(), { check: outcome(reason), network: {}, service: {} }, { causes, traps });
}

const codes = ({ findings }: ReturnType<typeof conclude>): string[] => findings.map(({ code }) => code);

t.test('the surest stands first, then what the earlier rule said', async (t) => {
  const first = says({ code: 'host_down', certainty: 'possible' }, { code: 'port_closed', certainty: 'likely' });
  const second = says({ code: 'no_route', certainty: 'likely' }, { code: 'packet_loss', certainty: 'certain' });
  const report = concluded('connect_timeout', [first, second]);
  t.same(codes(report), ['packet_loss', 'port_closed', 'no_route', 'host_down']);
  t.equal(report.summary, 'packet_loss, certain');
});

t.test('one cause is told once, as sure as the surest, with the evidence of all', async (t) => {
  const [a, b] = [seen('a'), seen('b')];
  const { findings } = concluded('connect_timeout', [
    says({ code: 'host_down', certainty: 'possible', evidence: [a] }),
    says({ code: 'host_down', certainty: 'likely', evidence: [b, a] }),
  ]);
  t.match(findings, [{ code: 'host_down', certainty: 'likely', evidence: [b, a] }]);
  t.equal(findings.length, 1);
});

t.test('traps come after causes, however sure they are, and explain nothing', async (t) => {
  const trap = says({ code: 'dynamic_page', certainty: 'certain' });
  t.same(codes(concluded('connect_timeout', [says({ code: 'host_down', certainty: 'possible' })], [trap])), ['host_down', 'dynamic_page']);
  t.same(codes(concluded('connect_timeout', [], [trap])), ['unexplained', 'dynamic_page']);
  t.same(codes(concluded('ok', [], [trap])), ['dynamic_page']);
});

t.test('the verdict is that of most checks; those that say nothing do not count', async (t) => {
  const verdict = (...reasons: readonly Reason[]): string => {
    const outcomes = reasons.flatMap((reason) => outcome(reason).outcomes.slice(0, 1));
    return conclude(subjectOf(), { check: { outcomes, evidence: [] }, network: {}, service: {} }, { causes: [], traps: [] }).verdict;
  };
  t.equal(verdict('ok', 'ok', 'connect_timeout'), 'healthy');
  t.equal(verdict('ok', 'connect_timeout', 'connect_timeout'), 'unhealthy');
  t.equal(verdict('checker_late', 'ok', 'checker_late'), 'healthy');
  t.equal(verdict('checker_late', 'checker_late'), 'unknown');
});
