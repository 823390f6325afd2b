/** Cells that several tables have in common. */
import { figure, type Column } from './markdown.js';
import type { Finding } from './measurement.js';

export const right = (title: string): Column => ({ title, align: 'right' });

export function targetText(target: Finding['target']): string {
  if (target === undefined) return '';
  return 'atMost' in target ? `≤ ${figure(target.atMost)}` : `≥ ${figure(target.atLeast)}`;
}

export function verdictText(met: boolean | undefined): string {
  return met === undefined ? '' : met ? 'met' : '**missed**';
}
