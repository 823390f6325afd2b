/** `vitald schema`: the JSON Schema of the configuration file, for editors. */
import type { OutputDefinition } from '../config/output-kind.js';
import { buildSchema } from '../config/schema.js';
import type { ProbeKind } from '../probes/probe.js';
import type { Io } from './io.js';

/** @returns the exit code */
export function schemaCommand(kinds: readonly ProbeKind[], outputKinds: readonly OutputDefinition[], io: Io): 0 {
  io.out(JSON.stringify(buildSchema(kinds, outputKinds), undefined, 2) + '\n');
  return 0;
}
