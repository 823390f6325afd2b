/** Overrides, weights and runtime backends as the API and the audit log show them. */
import type { RuntimeBackend } from '../../config/plan.js';
import { instantNow } from '../../instant.js';
import type { OperatorNote, Override } from '../../messages.js';
import { expiryOf } from '../../override-end.js';
import { rfc3339 } from '../http/time.js';

type Shown = Readonly<Record<string, unknown>>;

/** Null: there is none. */
export function describeMode(override: Override | undefined): Shown | null {
  return override === undefined || override.admin === 'none' ? null : { mode: override.admin, ...describeNote(override.adminNote) };
}

/** The weight instead of the configured one; null: there is none. */
export function describeWeight(override: Override | undefined): Shown | null {
  return override?.weight === undefined ? null : { weight: override.weight, ...describeNote(override.weightNote) };
}

function describeNote(note: OperatorNote | undefined): Shown {
  const expiresAt = note && expiryOf(note, instantNow());
  return {
    by: note?.by ?? '',
    reason: note?.why ?? '',
    at: rfc3339(note?.at ?? 0),
    expires_at: expiresAt === undefined ? null : rfc3339(expiresAt),
  };
}

/** The definition only. */
export function describeRuntime(backend: RuntimeBackend | undefined): Shown | null {
  return backend === undefined ? null : { address: backend.address, port: backend.port, weight: backend.weight, version: backend.version };
}
