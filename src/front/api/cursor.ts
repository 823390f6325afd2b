/**
 * Pages of backends. A cursor is the id of the last backend of a page, and pages go by the order of ids: whatever comes
 * or goes between two pages, every backend that stays is listed exactly once.
 */
import type { BackendView } from '../model.js';

const marker = 'after:';

/** Opaque to clients, so that it may become something else. */
export function cursorAfter(backendId: string): string {
  return Buffer.from(marker + backendId, 'utf8').toString('base64url');
}

/** The id that a cursor stands for; undefined where it is not one of ours. */
export function idOfCursor(cursor: string): string | undefined {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  return text.startsWith(marker) && cursorAfter(text.slice(marker.length)) === cursor ? text.slice(marker.length) : undefined;
}

export interface Page {
  readonly backends: readonly BackendView[];
  /** Undefined after the last page. */
  readonly nextCursor: string | undefined;
}

/** Sorted once for each plan: listeners' backends never change. */
const sorted = new WeakMap<readonly BackendView[], readonly BackendView[]>();

/**
 * @param after the id that the page begins behind; undefined: from the first
 * @param limit at most so many
 */
export function pageOf(
  backends: readonly BackendView[],
  wanted: (backend: BackendView) => boolean,
  after: string | undefined,
  limit: number,
): Page {
  const inOrder = byId(backends);
  const page: BackendView[] = [];
  for (let place = after === undefined ? 0 : placeAfter(inOrder, after); place < inOrder.length; place++) {
    const backend = inOrder[place]!;
    if (!wanted(backend)) continue;
    if (page.length === limit) return { backends: page, nextCursor: cursorAfter(page.at(-1)!.plan.id) };
    page.push(backend);
  }
  return { backends: page, nextCursor: undefined };
}

function byId(backends: readonly BackendView[]): readonly BackendView[] {
  let inOrder = sorted.get(backends);
  if (!inOrder) {
    inOrder = backends.toSorted((a, b) => (a.plan.id < b.plan.id ? -1 : 1));
    sorted.set(backends, inOrder);
  }
  return inOrder;
}

/** Place of the first id behind this one, by halving. */
function placeAfter(inOrder: readonly BackendView[], id: string): number {
  let low = 0;
  let high = inOrder.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (inOrder[middle]!.plan.id <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
