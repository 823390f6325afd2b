/**
 * Takes the secrets of an output out of all that it says, instead of trusting each kind to leave them out of every
 * message: the runtime quotes URLs in its errors, and another system may send back what it was sent.
 */
import type { OutputContext, OutputState } from './output.js';

type Hide = (text: string) => string;
type Log = OutputContext['log'];

/** @param hide undefined: the output has no secrets */
export function discreetState(state: OutputState, hide: Hide | undefined): OutputState {
  if (hide === undefined) return state;
  const details = Object.entries(state.details).map(([key, value]) => [key, typeof value === 'string' ? hide(value) : value]);
  return { ...state, problem: state.problem && hide(state.problem), details: Object.fromEntries(details) as OutputState['details'] };
}

/** @param hide undefined: the output has no secrets */
export function discreetLog(log: Log, hide: Hide | undefined): Log {
  if (hide === undefined) return log;
  const method =
    (level: keyof Log): Log['info'] =>
    (...words: unknown[]): void =>
      void Reflect.apply(
        log[level],
        log,
        words.map((word) => hidden(word, hide)),
      );
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

function hidden(value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return hide(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => hidden(item, hide));
  if (value instanceof Error) return { type: value.name, message: hide(value.message), stack: hide(value.stack ?? '') };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hidden(inner, hide)]));
}
