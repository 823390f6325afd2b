/** Options of a probe kind: its own defaults, then the profile's, then `defaults.check`, then the listener's check. */
import type { ProbeKind } from '../../probes/probe.js';
import type { CheckDefaults } from '../profiles/profile.js';
import type { ValuePath } from '../problem.js';
import type { JsonSchema } from '../json-schema.js';
import { commonCheckProperties } from '../schema.js';
import type { ListenerFacts, ResolveContext } from './context.js';
import type { WrittenCheck } from './written.js';

type Options = Readonly<Record<string, unknown>>;

/** @returns the keys of the kind only, and of those the ones that have a value */
export function resolveOptions(
  context: ResolveContext,
  written: WrittenCheck,
  kind: ProbeKind,
  listener: ListenerFacts & { readonly defaults: CheckDefaults },
): Options {
  const layers = [profileOptions(listener), written.shared, written.own];
  const options = Object.fromEntries(
    Object.entries(kind.optionsSchema).flatMap(([key, schema]) => {
      const value = layers.reduce<unknown>((below, layer) => merge(below, layer[key]), schemaDefault(schema as JsonSchema));
      return value === undefined ? [] : [[key, value]];
    }),
  );
  warnOfUnused(context, written, kind, listener);
  const problems = kind.validate?.(options) ?? [];
  for (const { path, message } of problems) context.problem(written.pathOf(placeInFile(written, path)), message);
  return problems.length > 0 ? options : (kind.effective?.(options) ?? options);
}

function profileOptions({ protocol, defaults }: ListenerFacts & { readonly defaults: CheckDefaults }): Options {
  const onTcp = protocol === 'tcp' && defaults.expectedStatusOnTcpListener !== undefined;
  return { ...defaults.options, ...(onTcp && { expected_status: defaults.expectedStatusOnTcpListener }) };
}

/** The default of a schema node; of a mapping, those of its keys. */
function schemaDefault(schema: JsonSchema): unknown {
  if (schema.properties === undefined) return schema.default;
  const defaults = Object.entries(schema.properties).flatMap(([key, node]) => {
    const value = schemaDefault(node);
    return value === undefined ? [] : [[key, value]];
  });
  return defaults.length === 0 ? schema.default : merge(Object.fromEntries(defaults), schema.default);
}

/** The kind saw lists without the entries that were taken out; in the file they are still there. */
function placeInFile(written: WrittenCheck, path: ValuePath): ValuePath {
  const [key, index] = path;
  const list = typeof key === 'string' ? written.get(key).value : undefined;
  if (typeof index !== 'number' || !Array.isArray(list)) return path;
  const kept = [...list.keys()].filter((place) => list[place] !== undefined);
  return [key!, kept[index] ?? index, ...path.slice(2)];
}

/** Mappings merge key by key; everything else is replaced. Always gives fresh objects: a plan shares nothing with the file. */
function merge(below: unknown, above: unknown): unknown {
  if (above === undefined) return copy(below);
  if (!isMapping(above)) return copy(above);
  const base = isMapping(below) ? below : {};
  const keys = new Set([...Object.keys(base), ...Object.keys(above)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], above[key])]));
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map(copy);
  return isMapping(value) ? merge({}, value) : value;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Only of what the listener itself says: `defaults.check` serves listeners of several types. */
function warnOfUnused(context: ResolveContext, written: WrittenCheck, kind: ProbeKind, listener: ListenerFacts): void {
  for (const key of Object.keys(written.own)) {
    if (key === 'type' || key in commonCheckProperties || key in kind.optionsSchema) continue;
    if (key === 'tls' && isOffloaded(written, kind, listener)) {
      context.warning([...written.ownPath, key], tlsIsOffloaded(listener), 'key');
      continue;
    }
    const users = [...context.kinds.values()].filter((other) => key in other.optionsSchema).map((other) => other.name);
    context.warning(
      [...written.ownPath, key],
      `not used: the check is of type ${kind.name}, and only ${users.join(' and ')} checks have ${key}`,
      'key',
    );
  }
  if (!kind.usesPort && written.own.port !== undefined) {
    context.warning([...written.ownPath, 'port'], `not used: a ${kind.name} check has no port`, 'key');
  }
}

/** Whether the profile, and not the file, decided that the backends of an https listener are checked by http. */
function isOffloaded(written: WrittenCheck, kind: ProbeKind, { protocol, backendProtocol }: ListenerFacts): boolean {
  return protocol === 'https' && kind.name === 'http' && backendProtocol === undefined && written.get('type').value === undefined;
}

function tlsIsOffloaded({ profile }: ListenerFacts): string {
  const byHttp = `not used: ${profile.name} checks the backends of https listeners by http, because TLS ends at the load balancer`;
  return `${byHttp}; if the backends speak TLS, set backend_protocol: https in the listener`;
}
