/** Entity tags: RFC 9110, 8.8.3 and 13.1.2. */

/** @param name visible ASCII without quotes */
export function weakTag(name: string): string {
  return `W/"${name}"`;
}

const tags = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Whether a condition names what is there: then 304 answers a GET.
 *
 * @param ifNoneMatch `*`, or a list of tags; compared weakly
 */
export function isNamedIn(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = opaqueOf(tag);
  return [...ifNoneMatch.matchAll(tags)].some(([, listed]) => listed === opaque);
}

function opaqueOf(tag: string): string {
  return tag.replace(/^W\//, '');
}
