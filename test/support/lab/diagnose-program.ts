/** Diagnoses one subject, given as JSON, in whatever namespace it runs; prints the report as JSON. */
import { diagnose } from '#vitald/diagnosis/diagnose/diagnose.js';
import type { Subject } from '#vitald/diagnosis/diagnose/subject.js';

const report = await diagnose(JSON.parse(process.argv[2]!) as Subject);
process.stdout.write(`${JSON.stringify(report)}\n`);
