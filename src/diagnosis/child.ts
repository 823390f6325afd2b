/**
 * A process that makes one diagnosis for the API (src/front/diagnoses.ts). Probing is spared its work, and a crash in
 * it costs nothing but this diagnosis.
 */
import { messageOf } from '../message-of.js';
import { clearInheritedCapabilities } from '../process/capabilities.js';
import { closeUnwantedInspector } from '../process/inspector.js';
import { ignoreInspectorSignal } from '../process/signals.js';
import { diagnose } from './diagnose/diagnose.js';
import type { DiagnosisReply, DiagnosisRequest } from './messages.js';
import { redacted } from './redact.js';
import { reportAsData } from './report-json.js';

ignoreInspectorSignal(process);
closeUnwantedInspector(process);
// The daemon handed CAP_NET_RAW on to this process; it is not meant for the programs that a diagnosis asks.
clearInheritedCapabilities();
process.once('message', (request: DiagnosisRequest) => void answer(request));
// Who asked has the answer, or is no more.
process.once('disconnect', () => process.exit());

async function answer({ subject }: DiagnosisRequest): Promise<void> {
  const reply = await diagnosed(subject);
  process.send?.(redacted(reply, subject.check.options));
}

async function diagnosed(subject: DiagnosisRequest['subject']): Promise<DiagnosisReply> {
  try {
    return { report: reportAsData(await diagnose(subject, {})) };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}
