/**
 * Checks JSON against protobuf definitions, field by field: names as they are in the definition, types, enumerations,
 * oneofs, and the constraints (`validate.rules`) that Envoy refuses a message for.
 *
 * Source: https://protobuf.dev/programming-guides/json/; protoc-gen-validate for the constraints.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

/** Envoy's API definitions, as shipped by the package `@grpc/grpc-js-xds`. */
const folder = 'node_modules/@grpc/grpc-js-xds/deps/envoy-api';

/** The definitions of everything that vitald sends to Envoy. */
const definitionFiles = [
  'envoy/config/core/v3/address.proto',
  'envoy/config/core/v3/base.proto',
  'envoy/config/core/v3/config_source.proto',
  'envoy/config/core/v3/health_check.proto',
  'envoy/config/endpoint/v3/endpoint.proto',
  'envoy/config/endpoint/v3/endpoint_components.proto',
  'envoy/service/discovery/v3/discovery.proto',
];

/** Parses Envoy's definitions into one root. */
export function envoyDefinitions(): protobuf.Root {
  const root = new protobuf.Root();
  for (const name of ['any', 'wrappers', 'struct', 'duration']) {
    root.addJSON(protobuf.common.get(`google/protobuf/${name}.proto`)!.nested!);
  }
  // Parsed one by one: `root.load` would also resolve imports (several hundred files) that no message here uses.
  for (const file of definitionFiles) {
    protobuf.parse(readFileSync(join(folder, file), 'utf8'), root, { keepCase: true });
  }
  return root;
}

interface Rules {
  readonly string?: { readonly min_len?: number };
  readonly uint32?: { readonly gte?: number; readonly lte?: number };
  readonly message?: { readonly required?: boolean };
}

/** @returns what is wrong, a line each; nothing where the value is such a message */
export function misfits(root: protobuf.Root, typeName: string, value: unknown, path = typeName): string[] {
  if (typeName === 'google.protobuf.Any') return misfitsOfAny(root, value, path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: is no object`];
  const type = root.lookupType(typeName);
  const entries = Object.entries(value);
  return [
    ...entries.flatMap(([name, inner]) => {
      const field = type.fields[name];
      return field === undefined ? [`${path}.${name}: there is no such field`] : misfitsOfField(root, field, inner, `${path}.${name}`);
    }),
    ...type.oneofsArray.flatMap((oneof) => misfitsOfOneof(oneof, Object.keys(value), path)),
    ...type.fieldsArray
      .filter((field) => rulesOf(field).message?.required && !(field.name in value))
      .map(({ name }) => `${path}.${name}: missing`),
  ];
}

function misfitsOfAny(root: protobuf.Root, value: unknown, path: string): string[] {
  const { '@type': typeUrl, ...message } = value as Record<string, unknown>;
  const [, typeName] = /^type\.googleapis\.com\/(.+)$/.exec(String(typeUrl)) ?? [];
  return typeName === undefined ? [`${path}.@type: ${String(typeUrl)}`] : misfits(root, typeName, message, path);
}

function misfitsOfOneof({ name, fieldsArray, options }: protobuf.OneOf, present: readonly string[], path: string): string[] {
  const count = fieldsArray.filter((field) => present.includes(field.name)).length;
  if (count > 1) return [`${path}: more than one of ${name}`];
  return count === 0 && options?.['(validate.required)'] === true ? [`${path}: none of ${name}`] : [];
}

function misfitsOfField(root: protobuf.Root, field: protobuf.Field, value: unknown, path: string): string[] {
  if (!field.repeated) return misfitsOfValue(root, field, value, path);
  if (!Array.isArray(value)) return [`${path}: is no list`];
  return value.flatMap((item, place) => misfitsOfValue(root, field, item, `${path}[${place}]`));
}

function misfitsOfValue(root: protobuf.Root, field: protobuf.Field, value: unknown, path: string): string[] {
  field.resolve();
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) {
    return typeof value === 'string' && value in resolvedType.values ? [] : [`${path}: ${String(value)} is none of its values`];
  }
  const typeName = resolvedType?.fullName.slice(1) ?? field.type;
  if (typeName === 'uint32' || typeName === 'google.protobuf.UInt32Value') return misfitsOfUint32(rulesOf(field), value, path);
  if (typeName === 'google.protobuf.Duration') return /^\d+(\.\d{1,9})?s$/.test(String(value)) ? [] : [`${path}: is no duration`];
  if (resolvedType) return misfits(root, typeName, value, path);
  if (typeName === 'bool') return typeof value === 'boolean' ? [] : [`${path}: is no boolean`];
  if (typeName !== 'string') return [`${path}: this check does not know ${typeName}`];
  if (typeof value !== 'string') return [`${path}: is no text`];
  return value.length < (rulesOf(field).string?.min_len ?? 0) ? [`${path}: is too short`] : [];
}

function misfitsOfUint32({ uint32: { gte = 0, lte = 0xffff_ffff } = {} }: Rules, value: unknown, path: string): string[] {
  return Number.isInteger(value) && Number(value) >= gte && Number(value) <= lte ? [] : [`${path}: ${String(value)} is out of range`];
}

function rulesOf({ parsedOptions }: protobuf.Field): Rules {
  const options = (parsedOptions ?? []) as unknown as Readonly<Record<string, Rules>>[];
  return options.find((option) => '(validate.rules)' in option)?.['(validate.rules)'] ?? {};
}
