/** Stands in for src/diagnosis/child.ts in tests of the API. What it does, the beginning of the backend’s name says. */
import { reportAsData } from '#vitald/diagnosis/report-json.js';
import type { DiagnosisReply, DiagnosisRequest } from '#vitald/diagnosis/messages.js';
import { unhealthy } from './reports.js';

const reply = (message: DiagnosisReply): void => void process.send?.(message);

const behaviours: Readonly<Record<string, (request: DiagnosisRequest) => void>> = {
  fails: () => reply({ failure: 'it could not look' }),
  hangs: () => setInterval(() => undefined, 60_000),
  crashes({ subject }) {
    throw new Error(`crashed with ${JSON.stringify(subject.check.options)}`);
  },
  ends: () => process.exit(7),
};

process.once('disconnect', () => process.exit());
process.once('message', (request: DiagnosisRequest) => {
  const { listener, backend, address, checkPort, check } = request.subject;
  const behaviour = behaviours[backend?.split('-')[0] ?? ''];
  if (behaviour !== undefined) behaviour(request);
  else
    reply({
      report: reportAsData({
        ...unhealthy,
        target: { listener: listener!, backend: backend!, address, port: checkPort, type: check.type },
      }),
    });
});
