/** What all calls have in common that change something: who asks, the audit log, saving before the answer. */
import type { FastifyRequest } from 'fastify';
import { CodedError } from '../../errors.js';
import { callerOf } from '../access/caller.js';
import type { AuditAction, AuditEntry } from '../control/audit.js';
import type { BackendView, Model } from '../view/model.js';
import { backendMissing } from './backends.js';
import { listenerMissing } from '../view/listener-missing.js';
import type { Schema } from '../http/route.js';
import type { ApiDeps } from './deps.js';

/** What a request asks for, for the audit log. */
export interface Asked {
  readonly action: AuditAction;
  readonly listener: string;
  readonly backend: string | null;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** What became of it. */
export interface Made {
  /** As the audit log has it. */
  readonly before: unknown;
  readonly after: unknown;
  /** False: it was so already, and is not worth a line. */
  readonly changed: boolean;
  /** False: there is nothing to save; default: where something changed, there is. */
  readonly lasts?: boolean;
}

/**
 * Makes a change, saves it, and notes it, as well as what is refused.
 *
 * @param change resolves when the engine follows it
 * @throws CodedError as `change` does, and state_not_saved
 */
export async function makeChange<T extends Made>(
  { control }: Pick<ApiDeps, 'control'>,
  request: FastifyRequest,
  asked: Asked,
  change: () => Promise<T>,
): Promise<T> {
  const { action, listener, backend, by = null, reason = null } = asked;
  const { name: caller } = callerOf(request);
  const noted = { action, listener, backend, caller, by, remote: request.ip || null, reason };
  let made: T | undefined;
  const note = (result: AuditEntry['result'], error?: CodedError): Promise<void> => {
    const { before = null, after = null } = made ?? {};
    return control.audit.note({ ...noted, before, after, result, code: error?.code ?? null, detail: error?.message ?? null });
  };
  try {
    made = await change();
    // What was not saved before is tried again, though nothing is new.
    if (made.lasts ?? (made.changed || control.hasUnsaved)) await control.save();
    if (made.changed) await note('done');
    return made;
  } catch (error) {
    if (error instanceof CodedError) await note(error.code === 'state_not_saved' ? 'not_saved' : 'refused', error);
    throw error;
  }
}

/** @throws CodedError listener_not_found, backend_not_found */
export function backendOf(model: Model, listener: string, id: string): BackendView {
  if (model.listener(listener) === undefined) throw new CodedError('listener_not_found', listenerMissing(model, listener));
  const backend = model.backend(listener, id);
  if (backend === undefined) throw new CodedError('backend_not_found', backendMissing(listener, id));
  return backend;
}

// Texts of people: shown in logs, terminals and pages. No control characters, and none that turn the direction of text.
const harmless = '[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]';
const ofOneLine = `^${harmless}*[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]${harmless}*$`;

export const bySchema: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 100,
  pattern: ofOneLine,
  description: 'Author. Default: the name of the token or certificate of the caller.',
  'x-allowed': 'one line of 1 to 100 characters',
};

export const reasonSchema: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 500,
  pattern: ofOneLine,
  description: 'Reason. It is shown to the operator on call.',
  'x-allowed': 'one line of 1 to 500 characters, not empty',
};
