/** JSON Schema, as far as the configuration needs it. */

/** A node of the schema; only the keywords that this program looks at are named. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  /** What keys that `properties` does not name may look like. */
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly uniqueItems?: boolean;
  /** A secret: no message shows the value. */
  readonly writeOnly?: boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly 'x-allowed'?: string;
  readonly 'x-default'?: string;
  readonly 'x-secret'?: boolean;
  readonly [keyword: string]: unknown;
}

/** A mapping with these keys and no others. */
export function section(
  description: string,
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return { type: 'object', description, additionalProperties: false, ...(required.length > 0 && { required }), properties };
}
