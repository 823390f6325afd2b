/** What the configuration must know of a kind of output. The kinds themselves are in front/outputs/; see its registry. */
import type { JsonSchema } from './json-schema.js';

export interface OutputDefinition {
  /** The key under `outputs:`, for example `haproxy_agent`. */
  readonly name: string;
  /** One sentence for the documentation: what it does for whom. */
  readonly summary: string;
  /** Keys of its mapping in the file, without `name`. Defaults (`default`) are filled in before {@link check} is called. */
  readonly optionsSchema: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** More than one would be of no use: its calls of the API are answered by the first. */
  readonly isOnlyOne?: boolean;
  /**
   * Tells of what the schema cannot say.
   *
   * @param options as in the file, those that did not fit the schema left out
   * @param problem takes the path within the output's mapping, and what is wrong, what is allowed, what to do
   */
  check?(options: Readonly<Record<string, unknown>>, context: OutputCheckContext): void;
  /** Keys with values that are never shown: `url` tokens, signing secrets. Texts in them are hidden by `check --print`. */
  readonly secrets?: readonly string[];
}

export interface OutputCheckContext {
  /** Names of the listeners of the file. */
  readonly listeners: ReadonlySet<string>;
  readonly problem: (path: readonly (string | number)[], message: string) => void;
  readonly warning: (path: readonly (string | number)[], message: string) => void;
}
