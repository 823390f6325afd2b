/**
 * Validators that ajv generated while vitald was bundled, by {@link schemaKey}. Here there are none: in the bundle,
 * scripts/bundle-programs.mjs puts another module in the place of this one. A schema without an entry is compiled at run time.
 */
export const precompiledValidators: ReadonlyMap<string, (value: unknown) => boolean> = new Map();
