/**
 * From a file to a plan: YAML → values → schema → plan. Every stage tells all that is wrong before the next one begins,
 * and the later ones go on with what is right. Source: docs/configuration.md; docs/semantics.md section 2.
 *
 * Reading 100,000 backends takes seconds: the daemon calls this in a worker thread, never where probes run.
 */
import type { ProbeKind } from '../probes/probe.js';
import { convertDocument } from './document/convert.js';
import type { Environment } from './document/environment.js';
import { HiddenTexts } from './document/hidden-texts.js';
import { decodeUtf8, largestFileBytes, readConfigFile } from './document/read-file.js';
import type { SourceDocument } from './document/source-document.js';
import { parseYaml } from './document/yaml.js';
import type { OutputDefinition } from './output-kind.js';
import type { Plan } from './plan.js';
import { ProblemList, type Problem } from './problem.js';
import { ResolveContext, type Machine } from './resolve/context.js';
import { resolveListeners } from './resolve/listeners.js';
import { resolveOutputs } from './resolve/outputs.js';
import { resolveChecker, resolveServer } from './resolve/server.js';
import type { JsonSchema } from './json-schema.js';
import { buildSchema } from './schema.js';
import { SchemaCheck } from './schema-check.js';
import { isSecretPlace } from './secret-places.js';
import { checkStructure } from './structure.js';

export type { Machine } from './resolve/context.js';
export type { Environment } from './document/environment.js';

export interface LoadInput {
  /** Path of the file; only a name for messages where `text` is given. */
  readonly file: string;
  /** The content, where it does not come from the file system. */
  readonly text?: string;
  readonly env: Environment;
  readonly kinds: readonly ProbeKind[];
  /** None where outputs do not matter. */
  readonly outputKinds?: readonly OutputDefinition[];
  readonly machine: Machine;
}

export interface LoadResult {
  /** Plain frozen data that crosses threads; only there where `problems` is empty. */
  readonly plan?: Plan;
  /** In the order of the file; of thousands only the first, and a last one that says how many more there are. */
  readonly problems: readonly Problem[];
  /** How many problems there are, those that are not listed included. */
  readonly problemCount: number;
  /** What works, but is probably not what was meant. */
  readonly warnings: readonly Problem[];
  /** Replaces what was taken from environment variables, for the code that shows the plan. */
  readonly hide: (text: string) => string;
}

/**
 * Never throws for anything that is in the file, or for a file that cannot be read.
 *
 * @throws CodedError machine_shortage
 */
export function loadConfig(input: LoadInput): LoadResult {
  const hidden = new HiddenTexts(grammarOf(input.kinds, input.outputKinds ?? noOutputs).vocabulary);
  const problems = new ProblemList(input.file, hidden);
  const warnings = new ProblemList(input.file, hidden);
  const plan = readPlan(input, problems, warnings, hidden);
  const result = {
    problems: problems.toArray(),
    problemCount: problems.count,
    warnings: warnings.toArray(),
    hide: (text: string) => hidden.hideValue(text),
  };
  return plan === undefined || !problems.isEmpty ? result : { plan: deepFreeze(plan), ...result };
}

function readPlan(input: LoadInput, problems: ProblemList, warnings: ProblemList, hidden: HiddenTexts): Plan | undefined {
  const { outputKinds = noOutputs } = input;
  const { schema, check } = grammarOf(input.kinds, outputKinds);
  const source = readSource(input, { problems, hidden, schema });
  if (source === undefined || !checkStructure(source, check, schema, problems)) return undefined;
  const kinds = new Map(input.kinds.map((kind) => [kind.name, kind]));
  const context = new ResolveContext({ source, schema, kinds, machine: input.machine, problems, warnings });
  return {
    checker: resolveChecker(context),
    server: resolveServer(context),
    outputs: resolveOutputs(context, outputKinds),
    listeners: resolveListeners(context),
  };
}

interface Grammar {
  readonly schema: JsonSchema;
  /** Words that stand in the schema: what a value may be. */
  readonly vocabulary: ReadonlySet<string>;
  readonly check: SchemaCheck;
}

const noOutputs: readonly OutputDefinition[] = [];
const grammars = new WeakMap<readonly ProbeKind[], WeakMap<readonly OutputDefinition[], Grammar>>();

/** To compile the schema takes longer than to read a usual file: once for each pair of registries. */
function grammarOf(kinds: readonly ProbeKind[], outputKinds: readonly OutputDefinition[]): Grammar {
  const ofKinds = grammars.get(kinds) ?? new WeakMap<readonly OutputDefinition[], Grammar>();
  grammars.set(kinds, ofKinds);
  const known = ofKinds.get(outputKinds);
  if (known !== undefined) return known;
  const schema = buildSchema(kinds, outputKinds);
  const grammar = { schema, vocabulary: new Set(choicesIn(schema)), check: new SchemaCheck(schema) };
  ofKinds.set(outputKinds, grammar);
  return grammar;
}

/** The texts of all `enum`s. */
function choicesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, inner]: [string, unknown]) =>
    key === 'enum' && Array.isArray(inner) ? inner.map(String) : choicesIn(inner),
  );
}

interface ReadContext {
  readonly problems: ProblemList;
  readonly hidden: HiddenTexts;
  readonly schema: JsonSchema;
}

function readSource(input: LoadInput, { problems, hidden, schema }: ReadContext): SourceDocument | undefined {
  const text = readText(input);
  if (typeof text !== 'string') {
    problems.add(text, '(file)', text.message);
    return undefined;
  }
  const yaml = parseYaml(text, problems);
  if (yaml === undefined) return undefined;
  const source = convertDocument({ ...yaml, env: input.env, problems, hidden, isSecret: (path) => isSecretPlace(path, schema) });
  if (source.root !== null) return source;
  problems.add({ line: 1, column: 1 }, '(document)', 'is empty; at least "listeners" is needed, with a name and backends each');
  return undefined;
}

function readText({ file, text }: LoadInput): ReturnType<typeof readConfigFile> {
  if (text === undefined) return readConfigFile(file);
  return text.length > largestFileBytes ? decodeUtf8(Buffer.from(text)) : text;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
