/**
 * What an agent says of a server, in one line: `up ready 100%`, `down ready 100% #connect_refused`, `maint up 100%`.
 * Health and administration are both said, every time: what is left out stays as it is in HAProxy, and who was told `maint`
 * once would never come back. Source: HAProxy, configuration manual, 5.2 "agent-check".
 */
import { outcomeOf } from '../../../health/reasons.js';
import type { OutputBackend } from '../backends-view.js';
import type { HaproxyOptions } from '../haproxy/options.js';
import { targetOf } from '../haproxy/target.js';

/** @returns the line; without words that change anything where there is no verdict yet */
export function agentAnswer(backend: OutputBackend, options: HaproxyOptions): string {
  const { health, admin, weight } = targetOf(backend, options);
  const words = [admin === 'maint' ? `maint ${health ?? ''}` : [health, admin].filter(Boolean).join(' ')];
  if (weight !== undefined) words.push(`${weight}%`);
  if (health !== 'up') words.push(`#${whyNot(backend)}`);
  return `${words.join(' ').replace(/ +/g, ' ').trim()}\n`;
}

/** HAProxy shows it in its log and statistics. */
function whyNot({ because, reason }: OutputBackend): string {
  return because === 'unhealthy' && reason !== undefined && outcomeOf(reason) === 'fail' ? reason : because;
}
