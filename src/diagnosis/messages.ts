/** What the API and the process that diagnoses say to each other: one request, one reply. */
import type { Subject } from './diagnose/subject.js';

export interface DiagnosisRequest {
  readonly subject: Subject;
}

/** The report as the documented JSON, without the secrets of the check; or one sentence that says why there is none. */
export type DiagnosisReply = { readonly report: Readonly<Record<string, unknown>> } | { readonly failure: string };
