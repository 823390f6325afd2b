/** `outputs`: connections to load balancers and other systems, by kind. */
import type { OutputDefinition } from '../output-kind.js';
import type { OutputPlan } from '../plan.js';
import type { ValuePath } from '../problem.js';
import type { JsonSchema } from '../json-schema.js';
import type { ResolveContext } from './context.js';
import type { RawOutput } from './raw.js';

/** @returns the outputs in the order of the kinds, then of the file */
export function resolveOutputs(context: ResolveContext, kinds: readonly OutputDefinition[]): OutputPlan[] {
  const first = new Map<string, ValuePath>();
  const listeners = new Set((context.raw.listeners ?? []).flatMap((listener) => listener?.name ?? []));
  return kinds.flatMap((kind) =>
    (context.raw.outputs?.[kind.name] ?? []).flatMap((raw, index) => {
      if (raw === undefined) return [];
      const path = ['outputs', kind.name, index];
      const name = raw.name ?? defaultName(kind.name, index);
      const twin = first.get(name);
      if (twin !== undefined) {
        const at = raw.name === undefined ? path : [...path, 'name'];
        context.problem(at, `duplicate output name ${name}; first defined on line ${context.position(twin).line}`);
        return [];
      }
      first.set(name, path);
      return [{ name, type: kind.name, options: resolveOptions(context, { kind, raw, path, listeners }) }];
    }),
  );
}

function defaultName(kind: string, index: number): string {
  return index === 0 ? kind : `${kind}-${index + 1}`;
}

interface WrittenOutput {
  readonly kind: OutputDefinition;
  readonly raw: RawOutput;
  readonly path: ValuePath;
  /** Names of all listeners. */
  readonly listeners: ReadonlySet<string>;
}

function resolveOptions(context: ResolveContext, { kind, raw, path, listeners }: WrittenOutput): OutputPlan['options'] {
  const written = Object.entries(raw).filter(([key]) => key !== 'name');
  const options = { ...defaultsOf(kind.optionsSchema), ...Object.fromEntries(written) };
  kind.check?.(options, {
    listeners,
    problem: (inside, message) => context.problem([...path, ...inside], message),
    warning: (inside, message) => context.warning([...path, ...inside], message),
  });
  return options;
}

function defaultsOf(schema: Readonly<Record<string, JsonSchema>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).flatMap(([key, node]) => ('default' in node ? [[key, node.default]] : [])));
}
