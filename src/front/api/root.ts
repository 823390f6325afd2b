/** `GET /`: a page of links for people: what runs here and where to look. */
import type { ListenerView, Model } from '../view/model.js';
import type { OverrideStore } from '../view/override-store.js';
import type { Outputs, ShownOutput } from '../outputs/outputs.js';
import type { FrontState } from '../view/state.js';
import type { StateSaves } from '../view/state-saves.js';
import { styleSheet } from './root-style.js';
import { badRequest, noQuery, textAnswer } from '../http/route.js';
import type { ApiRoute } from './deps.js';
import { pagePolicy } from '../http/security.js';

/** Listeners on the page; the rest is in /v1/listeners. */
const listenersShown = 500;

/** All links are relative: a reverse proxy may serve the page below a path, as in `location /vitald/`. */
const links = [
  ['v1/status', 'Status', 'all backends and why, for control planes'],
  ['v1/listeners', 'Listeners', 'counts by state'],
  ['v1/overrides', 'Overrides', 'what operators have set, and why'],
  ['v1/outputs', 'Outputs', 'do load balancers get the verdicts'],
  ['metrics', 'Metrics', 'for Prometheus'],
  ['docs/', 'API', 'every call, to browse and try'],
  ['openapi.json', 'OpenAPI', 'the same for tools'],
  ['healthz', 'Alive', 'is the process up'],
  ['readyz', 'Ready', 'has every backend been probed'],
] as const;

export const rootRoute: ApiRoute = {
  url: '/',
  schema: {
    operationId: 'root',
    tags: ['documentation'],
    summary: 'Get the start page',
    description: 'An HTML page for a browser: what runs here, and links to more.',
    querystring: noQuery,
    response: { 200: textAnswer('The page.', 'text/html'), ...badRequest },
  },
  examples: ['/'],
  handler: ({ state, outputs, version }) => {
    const policy = pagePolicy(styleSheet);
    return (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', policy)
        .send(page(state, outputs, version));
  },
};

/** Makes text fit for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page({ model, overrides, saves }: FrontState, outputs: Outputs, version: string): string {
  const checker = escapeHtml(model.plan.checker);
  const shown = model.listeners.slice(0, listenersShown);
  const more = model.listeners.length - shown.length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>vitald on ${checker}</title>
<link rel="icon" href="data:,">
<style>${styleSheet}</style>
</head>
<body>
<header><h1>vitald</h1><p>version ${escapeHtml(version)} · checker <strong>${checker}</strong></p></header>
<main>
${stateSection(saves)}<section>
<h2>Listeners</h2>
${shown.length === 0 ? '<p>None are configured.</p>' : listenerTable(model, shown)}
${more > 0 ? `<p><a href="v1/listeners">${more} more</a></p>` : ''}
</section>
${overrides.size === 0 ? '' : overrideSection(overrides)}
${outputSection(outputs.states())}<section>
<h2>Where to look</h2>
<ul class="links">
${links.map(([href, name, what]) => `<li><a href="${href}">${name}</a><span>${what}</span></li>`).join('\n')}
</ul>
</section>
</main>
</body>
</html>
`;
}

/** An override that is forgotten is an outage later. */
function overrideSection(overrides: OverrideStore): string {
  const { maintenance, forced_healthy: healthy, forced_unhealthy: unhealthy, weight } = overrides.counts();
  const parts = [
    [maintenance, 'in maintenance'],
    [healthy, 'forced healthy'],
    [unhealthy, 'forced unhealthy'],
    [weight, 'with a weight of its own'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `<section>\n<h2>Overridden by operators</h2>\n<p>${told.join(', ')}: <a href="v1/overrides">who, and why</a></p>\n</section>`;
}

/** What is wrong with the state folder; nothing where nothing is. */
function stateSection({ damaged, records, unusable }: StateSaves): string {
  const failures = unusable === undefined ? records.flatMap(({ problem }) => problem ?? []) : [unusable];
  const problems = [...damaged, ...failures];
  if (problems.length === 0) return '';
  return `<section>\n<h2>Saved state</h2>\n${problems.map((problem) => `<p class="bad">${escapeHtml(problem)}</p>`).join('\n')}\n</section>\n`;
}

function listenerTable(model: Model, listeners: readonly ListenerView[]): string {
  return `<div class="scroll"><table>
<thead><tr><th>Listener</th><th>Check</th><th>Healthy</th><th>Unhealthy</th><th>Initial</th><th>Disabled</th><th>Stale</th><th>Routable</th></tr></thead>
<tbody>
${listeners.map((listener) => listenerLine(model, listener)).join('\n')}
</tbody>
</table></div>`;
}

function listenerLine(model: Model, listener: ListenerView): string {
  const { plan, checkMethod } = listener;
  const { states, routable, stale, total } = model.counts(listener);
  const address = `v1/listeners/${encodeURIComponent(plan.name)}`;
  const check = plan.check.enabled ? `${plan.check.type} (${checkMethod.method}), every ${plan.check.intervalMs / 1000} s` : 'disabled';
  const cell = (count: number, look: string): string => `<td class="${count > 0 ? look : 'none'}">${count}</td>`;
  return (
    `<tr><th scope="row"><a href="${escapeHtml(address)}">${escapeHtml(plan.name)}</a> <a class="aside" href="${escapeHtml(address)}/backends">backends</a></th>` +
    `<td>${escapeHtml(check)}</td>${cell(states.healthy, 'good')}${cell(states.unhealthy, 'bad')}${cell(states.initial, 'plain')}` +
    `${cell(states.disabled, 'plain')}${cell(stale, 'bad')}<td>${routable} of ${total}</td></tr>`
  );
}

/** Nothing where there are no outputs. */
function outputSection(outputs: readonly ShownOutput[]): string {
  if (outputs.length === 0) return '';
  return `<section>
<h2>Outputs</h2>
<div class="scroll"><table>
<thead><tr><th>Output</th><th>Problem</th><th>Behind</th><th>State</th></tr></thead>
<tbody>
${outputs.map(outputLine).join('\n')}
</tbody>
</table></div>
</section>
`;
}

const looks = { starting: 'plain', idle: 'plain', ok: 'good', failing: 'bad' } as const;

function outputLine({ name, type, state: { state, problem }, behind }: ShownOutput): string {
  const kind = name === type ? '' : ` <span class="aside">${escapeHtml(type)}</span>`;
  return (
    `<tr><th scope="row">${escapeHtml(name)}${kind}</th><td>${escapeHtml(problem ?? '')}</td>` +
    `<td>${behind ?? ''}</td><td class="${looks[state]}">${state}</td></tr>`
  );
}
