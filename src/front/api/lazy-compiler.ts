/**
 * Validators of requests that are compiled with the first request that needs them. Compiling all of them takes longer than
 * the rest of the start of the API, and most calls are never made.
 */
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';

/** As ajv's: `errors` holds those of the last call, or null. */
export interface LazyValidator {
  (data: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** ajv is given with `validateSchema: false`: tests compile all schemas with the check that ajv makes otherwise. */
export function compileLazily(ajv: Ajv, schema: object): LazyValidator {
  let compiled: ValidateFunction | undefined;
  const validate: LazyValidator = (data) => {
    compiled ??= ajv.compile(schema);
    const valid = compiled(data);
    validate.errors = compiled.errors ?? null;
    return valid;
  };
  return validate;
}
