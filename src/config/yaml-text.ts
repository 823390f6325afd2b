/** Pieces of YAML in messages, so that people can copy them into the configuration. */

const plain = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** Words that YAML 1.1 or 1.2 takes for something else than a text. */
const word = /^(true|false|yes|no|on|off|y|n|null)$/i;

/** `key: value` for a mapping in braces, quoted where it must be. */
export function yamlPair(key: string, value: string): string {
  return `${yamlText(key)}: ${yamlText(value)}`;
}

/** A text as it stands in a flow list or mapping. */
export function yamlText(text: string): string {
  return plain.test(text) && !word.test(text) ? text : JSON.stringify(text);
}
