import type { Subject } from '../subject.js';

/** What a check stands on. */
export type Layer = 'tcp' | 'udp' | 'ping';

export function layerOf({ check: { type } }: Subject): Layer {
  return type === 'udp' || type === 'ping' ? type : 'tcp';
}

/** Whether the check pings, alone or first. */
export function usesPing({ check }: Subject): boolean {
  return (
    check.type === 'ping' || (check.type === 'udp' && (check.options['udp'] as { ping_first?: boolean } | undefined)?.ping_first === true)
  );
}
