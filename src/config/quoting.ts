/**
 * Which texts of a configuration a message may quote.
 *
 * People write secrets in the wrong place: a token as a key, a URL with a password as an address, a password where a
 * number belongs. A message that quotes what it found hands the secret to logs and terminals. So a message names the
 * place (line, column, path) and quotes only texts whose form rules out a secret: one lower-case word, a number, a
 * duration, an address. `secretPlace` in secret-places.ts says where not even those are quoted.
 */

/** One word without digits, such as `icmp`; no generated secret looks like that. */
const word = /^[a-z]{1,20}$/;
/** `80`, `0660`, `-1`, `2.5`, `5s`, `5 seconds`. */
const quantity = /^[-+]?[0-9]{1,7}(\.[0-9]{1,3})?( ?[a-z]{1,7})?$/;
/** `10.0.0.300`, `10.0.0`, `10.0.0.0/8`, `10.0.0.1:99999`. */
const ipv4Like = /^[0-9]{1,4}(\.[0-9]{1,4}){1,4}([:/]-?[0-9]{0,6})?$/;
/** `2001:db8::1`, `[2001:db8::1]:80`, `fe80::1%eth0`. */
const ipv6Like = /^\[?[0-9a-f]{0,5}(:[0-9a-f]{0,5}){2,9}([0-9.]{0,15})(%[a-z]{1,9}[0-9]{0,3})?\]?([:/]-?[0-9]{0,6})?$/i;

const harmless = [word, quantity, ipv4Like, ipv6Like];

/** Whether the form of a text rules out that it is a secret. */
export function isHarmless(text: string): boolean {
  return text === '' || harmless.some((form) => form.test(text));
}

/**
 * A text of the configuration as the subject of a sentence: quoted if its form is harmless.
 *
 * @param otherwise what stands for it if it may not be quoted
 */
export function quotedIfHarmless(text: string, otherwise = 'this text'): string {
  return isHarmless(text) ? `"${text}"` : otherwise;
}

/** Keys of the schema, and names such as `X-Probe` or `be_web`: words without digits. */
const keyForm = /^[A-Z]?[a-z]*([_-][A-Z]?[a-z]*){0,7}$/;
const longestKeyShown = 48;
/** Keys of the schema that are not of this form. */
const otherKeys: readonly string[] = ['<<', 'sha256', 'sha256_fingerprint'];

/** Whether a key may stand in a message or a path. A secret that became a key by mistake must not. */
export function isHarmlessKey(key: string): boolean {
  return otherKeys.includes(key) || (key !== '' && key.length <= longestKeyShown && keyForm.test(key));
}
