/** Backends as people read them: a table, or a line for each. */
import { harmless, paint } from '../diagnosis/text-style.js';
import type { State } from '../health/state.js';
import type { BackendAnswer } from './client/answers.js';
import type { Io } from './io.js';

export type TextStyle = Pick<Io, 'color' | 'columns'>;

const headings = ['LISTENER', 'BACKEND', 'STATE', 'FOR', 'ROUTABLE', 'WEIGHT', 'RTT', 'LAST PROBE'] as const;
const gap = '  ';
/** Names are cut to it where there is a terminal; the last column gets what is left, but this at least. */
const widestName = 40;
const narrowestDetail = 20;

/** Whoever looks at night, looks for these first. */
const urgency: Readonly<Record<State, number>> = { unhealthy: 0, initial: 1, healthy: 3, disabled: 4 };
const notRoutable = 2;

/** The unhealthy ones first; otherwise in the order in which they come. */
export function sortedForPeople(backends: readonly BackendAnswer[]): BackendAnswer[] {
  const rank = ({ state, routable }: BackendAnswer): number => Math.min(urgency[state], routable ? Infinity : notRoutable);
  return [...backends].sort((a, b) => rank(a) - rank(b));
}

/** @param nowMs wall-clock ms since the epoch */
export function statusTable(backends: readonly BackendAnswer[], style: TextStyle, nowMs: number): string {
  const rows = backends.map((backend) => cells(backend, nowMs, style));
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]!.length)));
  const last = headings.length - 1;
  if (style.columns !== undefined) {
    const others = widths.slice(0, last).reduce((sum, width) => sum + width + gap.length, 0);
    widths[last] = Math.max(narrowestDetail, style.columns - others);
  }
  const line = (row: readonly string[]): string[] =>
    row.map((cell, column) => (column === last ? cut(cell, widths[last]!) : cell.padEnd(widths[column]!)));
  const lines = [paint(line(headings).join(gap).trimEnd(), ['dim'], style)];
  backends.forEach((backend, index) => lines.push(painted(line(rows[index]!), backend, style).join(gap).trimEnd()));
  return `${lines.join('\n')}\n`;
}

/** How many are in each state, and how many may be routed to. */
export function summaryLine(backends: readonly BackendAnswer[], checker: string): string {
  const states = (['healthy', 'unhealthy', 'initial', 'disabled'] as const)
    .map((state) => ({ state, count: backends.filter((backend) => backend.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}`);
  const routable = backends.filter((backend) => backend.routable).length;
  const counted = `${backends.length} ${backends.length === 1 ? 'backend' : 'backends'}`;
  return `${counted}${states.length > 0 ? `: ${states.join(', ')}; ${routable} routable` : ''} (checker ${harmless(checker)})\n`;
}

/** One backend in one line, for what is no terminal. */
export function statusLine(backend: BackendAnswer, style: TextStyle): string {
  const { listener, backend: id, state, since, last_probe: probe } = backend;
  const why = probe === null ? '' : `  ${probe.reason}${probe.detail === '' ? '' : `: ${probe.detail}`}`;
  return `${harmless(`${since}  ${listener}/${id}  `)}${paintState(state, state, style)}${harmless(`  ${routableText(backend)}${why}`)}\n`;
}

/** `routable`, `not routable`, and why, where the state does not say it. */
export function routableText({
  state,
  routable,
  routable_because: because,
}: Pick<BackendAnswer, 'state' | 'routable' | 'routable_because'>): string {
  const word = routable ? 'routable' : 'not routable';
  return because === state ? word : `${word} (${because})`;
}

export function paintState(text: string, state: State, style: TextStyle): string {
  const colors = { healthy: 'green', unhealthy: 'red', initial: 'yellow', disabled: 'dim' } as const;
  return paint(text, [colors[state]], style);
}

function cells(backend: BackendAnswer, nowMs: number, { columns }: TextStyle): string[] {
  const { listener, backend: id, state, since, routable, routable_because: because, weight, last_probe: probe } = backend;
  const name = (text: string): string => (columns === undefined ? harmless(text) : cut(harmless(text), widestName));
  const rtt = probe?.rtt_seconds ?? null;
  return [
    name(listener),
    name(id),
    state,
    age(nowMs - Date.parse(since)),
    `${routable ? 'yes' : 'no'}${because === state ? '' : ` (${harmless(because)})`}`,
    String(weight),
    rtt === null ? '-' : `${(rtt * 1000).toFixed(1)} ms`,
    probe === null ? '-' : harmless(`${probe.reason}${probe.detail === '' ? '' : `: ${probe.detail}`}`),
  ];
}

const stateColumn = headings.indexOf('STATE');
const routableColumn = headings.indexOf('ROUTABLE');

function painted(row: readonly string[], { state, routable }: BackendAnswer, style: TextStyle): string[] {
  return row.map((cell, column) => {
    if (column === stateColumn) return paintState(cell, state, style);
    return column === routableColumn && !routable ? paint(cell, ['red'], style) : cell;
  });
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** Its two largest units: `2d 4h`, `3m 12s`, `9s`. */
export function age(ms: number): string {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  for (const [unit, length] of units) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0 || parts.length > 0 || unit === 's') parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}
