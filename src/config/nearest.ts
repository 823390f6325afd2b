import { distance } from 'fastest-levenshtein';

/** The word that was most likely meant; undefined where none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  const ranked = words.map((w) => ({ w, far: distance(plain(word), plain(w)) })).sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= Math.max(1, Math.floor(Math.min(word.length, best.w.length) / 3)) ? best.w : undefined;
}
