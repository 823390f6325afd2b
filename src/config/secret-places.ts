/** Places of a configuration whose values are secrets: no message quotes anything at or under them. */
import type { ValuePath } from './problem.js';
import type { JsonSchema } from './json-schema.js';
import { resolveRef } from './schema.js';

/** Headers of a request carry credentials, whichever kind of check or output sends them. */
const headersKey = 'headers';

/**
 * Whether the schema marks the place, or one above it, as secret (`writeOnly`, `x-secret`). A key that the schema does
 * not know counts as secret: its purpose is unknown.
 *
 * @param root of the schema, with its `$defs`
 */
export function isSecretPlace(path: ValuePath, root: JsonSchema): boolean {
  let node: JsonSchema | undefined = root;
  for (const step of path) {
    node = resolveRef(root, node);
    if (isSecret(node) || step === headersKey) return true;
    node = childOf(node, step);
    if (node === undefined) return true;
  }
  return isSecret(resolveRef(root, node));
}

function isSecret({ writeOnly, 'x-secret': secret }: JsonSchema): boolean {
  return writeOnly === true || secret === true;
}

function childOf({ properties, additionalProperties, items }: JsonSchema, step: string | number): JsonSchema | undefined {
  if (typeof step === 'number') return items;
  if (properties !== undefined && Object.hasOwn(properties, step)) return properties[step];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
