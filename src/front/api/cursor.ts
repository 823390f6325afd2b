/**
 * Pages of backends. A cursor is the id of the last backend of a page, and pages go by the order of ids: whatever comes
 * or goes between two pages, every backend that stays is listed exactly once.
 */
import type { BackendColumns } from '../../config/backend-columns.js';
import type { ListenerView } from '../view/model.js';
import { indexAfter, placesById } from './id-order.js';

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
  /** Of the listener. */
  readonly places: readonly number[];
  /** Undefined after the last page. */
  readonly nextCursor: string | undefined;
}

/** The places of a listener's backends in the order of their ids. Sorted when first asked for: they never change. */
const sorted = new WeakMap<BackendColumns, Uint32Array>();

/**
 * @param wanted whether to list the backend in this slot and place
 * @param after the id that the page begins behind; undefined: from the first
 * @param limit at most so many
 */
export function pageOf(
  { backends, slots }: ListenerView,
  wanted: (slot: number, place: number) => boolean,
  after: string | undefined,
  limit: number,
): Page {
  const inOrder = byId(backends);
  const places: number[] = [];
  for (let index = after === undefined ? 0 : indexAfter(backends, inOrder, after); index < inOrder.length; index++) {
    const place = inOrder[index]!;
    if (!wanted(slots[place]!, place)) continue;
    if (places.length === limit) return { places, nextCursor: cursorAfter(backends.id(places.at(-1)!)) };
    places.push(place);
  }
  return { places, nextCursor: undefined };
}

function byId(backends: BackendColumns): Uint32Array {
  let inOrder = sorted.get(backends);
  if (!inOrder) {
    inOrder = placesById(backends);
    sorted.set(backends, inOrder);
  }
  return inOrder;
}
