/**
 * The JSON Schema of the configuration file (draft 2020-12): common part and the options of the probe kinds.
 *
 * One object serves the validator, `vitald schema`, the messages and docs/configuration.md. Keywords of our
 * own, which other programs ignore: `x-allowed` says in words what a value may be, `x-default` what holds without it,
 * `x-secret` that it is never shown.
 */
import type { ProbeKind } from '../probes/probe.js';
import { accessProperties } from './access-schema.js';
import { allowedDurations, durationPattern } from './duration.js';
import { section, type JsonSchema } from './json-schema.js';
import type { OutputDefinition } from './output-kind.js';
import { profileNames } from './profiles/index.js';

export const defaultListen = '127.0.0.1:8248';
export const defaultStateDir = '.vitald-state';
export const largestWeight = 1_000_000;

const namePattern = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$';
const allowedNames = '1 to 128 letters, digits, ".", "_" and "-", not beginning with "." or "-"';
const byProfile = 'by profile and check type';

const port = { type: 'integer', minimum: 1, maximum: 65535, 'x-allowed': 'a port from 1 to 65535' };

function duration(description: string): JsonSchema {
  return { type: 'string', pattern: durationPattern, description, 'x-allowed': allowedDurations, 'x-default': byProfile };
}

function threshold(description: string): JsonSchema {
  return { type: 'integer', minimum: 1, maximum: 100, description, 'x-default': byProfile };
}

const profile: JsonSchema = {
  type: 'string',
  enum: profileNames,
  description: 'Whose health check to behave like: defaults and ranges of docs/profiles.md.',
};
const allUnhealthy: JsonSchema = {
  type: 'string',
  enum: ['none', 'all'],
  description: 'When every backend is unhealthy: route to none of them, or to all (“all dead, all alive”).',
  'x-default': 'by profile',
};
const initial: JsonSchema = {
  type: 'string',
  enum: ['exclude', 'include'],
  description: 'Whether a backend is routed to before its first verdict.',
};

/** The keys of `check` that every type has. */
export const commonCheckProperties: Readonly<Record<string, JsonSchema>> = {
  enabled: { type: 'boolean', default: true, description: 'Without checks all backends count as healthy and are routed to.' },
  interval: duration('Time from probe to probe of one backend; see pace.'),
  timeout: duration('A probe without a proper answer after this time has failed; with udp.ping_first, each of its two steps.'),
  healthy_threshold: threshold('Passes in a row that make an unhealthy backend healthy.'),
  unhealthy_threshold: threshold('Failures in a row that make a backend unhealthy.'),
  pace: {
    type: 'string',
    enum: ['fixed_rate', 'after_completion'],
    description: 'fixed_rate: a probe starts every interval. after_completion: the interval runs from the end of the probe before.',
    'x-default': byProfile,
  },
  port: { ...port, description: 'Port that is probed.', 'x-default': 'the backend’s own port' },
  source: {
    type: 'string',
    description:
      'Address of this machine that probes leave from; backends’ firewalls must let it in. While the machine lacks it, the probes are indeterminate.',
    'x-allowed': 'an IP address of this machine',
    'x-default': 'the kernel chooses by its routes',
  },
  interface: {
    type: 'string',
    pattern: '^[^\\s/]{1,15}$',
    description: 'Network interface that probes leave through; link-local backends need one.',
    'x-allowed': 'the name of a network interface of this machine, for example eth1',
    'x-default': 'the kernel chooses by its routes',
  },
  initial_passes: {
    type: ['integer', 'string'],
    minimum: 1,
    maximum: 100,
    pattern: '^healthy_threshold$',
    description: 'Passes that settle a backend which has no verdict yet.',
    'x-allowed': 'a whole number from 1 to 100, or healthy_threshold',
    'x-default': 'by profile',
  },
};

const backend: JsonSchema = {
  type: ['string', 'object'],
  description: 'A backend: ADDRESS, ADDRESS:PORT or [IPV6]:PORT, or a mapping of these keys.',
  'x-allowed': 'ADDRESS, ADDRESS:PORT, [IPV6]:PORT, or a mapping with address',
  additionalProperties: false,
  required: ['address'],
  properties: {
    address: {
      type: 'string',
      description: 'IPv4 or IPv6 address. Names are not resolved: a health check must know which machine it judges.',
      'x-allowed': 'an IP address',
    },
    port: { ...port, description: 'Port of the service.', 'x-default': 'the listener’s port' },
    weight: {
      type: 'integer',
      minimum: 0,
      maximum: largestWeight,
      default: 1,
      description: 'Weight in the load balancer. With 0 the backend is probed and shown, but never routed to.',
    },
    name: {
      type: 'string',
      pattern: namePattern,
      description: 'Its id in API, metrics and logs.',
      'x-allowed': allowedNames,
      'x-default': 'ADDRESS:PORT',
    },
  },
};

/** The keys of a backend as a mapping; the API takes the same. */
export const backendProperties: Readonly<Record<string, JsonSchema>> = backend.properties!;

const listener: JsonSchema = section(
  'A listener of the load balancer with the backends behind it.',
  {
    name: { type: 'string', pattern: namePattern, description: 'Its id in API, metrics and logs.', 'x-allowed': allowedNames },
    protocol: {
      type: 'string',
      enum: ['tcp', 'udp', 'http', 'https'],
      default: 'tcp',
      description: 'What the listener forwards; with the profile it decides the type of check.',
    },
    backend_protocol: {
      type: 'string',
      enum: ['http', 'https'],
      description:
        'What the backends of an http or https listener speak, and so the type of check of a listener that names none. Most load balancers end TLS: behind their https listeners, http.',
      'x-default': 'by profile: https for https listeners of native, else http',
    },
    port: { ...port, description: 'Backend port where a backend names none.', 'x-default': 'none: every backend names its own' },
    profile: { ...profile, 'x-default': 'defaults.profile' },
    check: { $ref: '#/$defs/check' },
    all_unhealthy: allUnhealthy,
    initial: { ...initial, 'x-default': 'defaults.initial' },
    backends: {
      type: 'array',
      items: { $ref: '#/$defs/backend' },
      description: 'Addresses that are probed, each on its own.',
      'x-default': 'none',
    },
  },
  ['name'],
);

const server: JsonSchema = section('The daemon itself.', {
  listen: {
    type: 'string',
    default: defaultListen,
    description: 'Address of API, metrics and pages. Port 0 lets the system choose one.',
    'x-allowed': 'ADDRESS:PORT or [IPV6]:PORT, for example 127.0.0.1:8248 or 0.0.0.0:8248',
  },
  state_dir: {
    type: 'string',
    minLength: 1,
    default: defaultStateDir,
    description:
      'Folder for what outlives the process: verdicts, overrides, runtime backends. One for each daemon. The word none keeps nothing.',
    'x-allowed': 'the path of a folder, or none',
  },
  allowed_networks: {
    type: 'array',
    items: { type: 'string', 'x-allowed': 'a CIDR range, for example 10.0.0.0/8' },
    description: 'Networks that runtime backends may lie in, so that the API cannot be used to probe elsewhere.',
    'x-default': 'none: backends come from the file only',
  },
  ...accessProperties,
});

/**
 * @param kinds the registered probe kinds; each adds its options to `check` and its name to `check.type`
 * @param outputKinds the registered kinds of outputs; each adds a key to `outputs`
 */
export function buildSchema(kinds: readonly ProbeKind[], outputKinds: readonly OutputDefinition[] = []): JsonSchema {
  const root = section(
    'Configuration of vitald.',
    {
      server,
      checker: {
        type: 'string',
        pattern: namePattern,
        description: 'Name of this checker, shown with every verdict.',
        'x-allowed': allowedNames,
        'x-default': 'the name of the host',
      },
      defaults: section('What holds for every listener that does not say otherwise.', {
        profile: { ...profile, default: 'native' },
        check: { $ref: '#/$defs/check' },
        all_unhealthy: allUnhealthy,
        initial: { ...initial, default: 'exclude' },
      }),
      outputs: outputsSchema(outputKinds),
      listeners: { type: 'array', items: { $ref: '#/$defs/listener' }, description: 'What is checked.' },
    },
    ['listeners'],
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'vitald configuration',
    ...root,
    $defs: { listener, backend, check: checkSchema(kinds) },
  };
}

function outputsSchema(kinds: readonly OutputDefinition[]): JsonSchema {
  const lists = kinds.map((kind): [string, JsonSchema] => {
    const atMost = kind.isOnlyOne === true ? { maxItems: 1 } : {};
    return [kind.name, { type: 'array', description: kind.summary, ...atMost, items: outputSchema(kind) }];
  });
  return section('Connections to load balancers and other systems, by kind.', Object.fromEntries(lists));
}

function outputSchema({ optionsSchema, required, secrets = [] }: OutputDefinition): JsonSchema {
  const name = {
    type: 'string',
    pattern: namePattern,
    description: 'Its name in API, metrics and logs.',
    'x-allowed': allowedNames,
    'x-default': 'its kind; with a number from the second on',
  };
  const options = Object.entries(optionsSchema).map(([key, node]) => [key, secrets.includes(key) ? { ...node, 'x-secret': true } : node]);
  return section('', { name, ...(Object.fromEntries(options) as typeof optionsSchema) }, required);
}

function checkSchema(kinds: readonly ProbeKind[]): JsonSchema {
  const { enabled, ...common } = commonCheckProperties;
  const type: JsonSchema = {
    type: 'string',
    enum: kinds.map((kind) => kind.name),
    description: 'Kind of probe.',
    'x-default': 'by protocol and profile',
  };
  return section('How backends are probed. Every key is optional: the profile has the defaults.', {
    enabled: enabled!,
    type,
    ...common,
    ...kindOptions(kinds),
  });
}

/**
 * The options of all kinds together.
 * @throws Error where a kind takes a key that is another's already, with another meaning
 */
function kindOptions(kinds: readonly ProbeKind[]): Record<string, JsonSchema> {
  const options: Record<string, JsonSchema> = {};
  for (const kind of kinds) {
    for (const [key, schema] of Object.entries(kind.optionsSchema)) {
      const taken = options[key] ?? commonCheckProperties[key];
      if (taken !== undefined && taken !== schema) throw new Error(`probe kind ${kind.name}: the option ${key} has another schema already`);
      options[key] = schema as JsonSchema;
    }
  }
  return options;
}

/** Follows `$ref` into `$defs`; other nodes are returned as they are. */
export function resolveRef(root: JsonSchema, node: JsonSchema): JsonSchema {
  const name = node.$ref?.replace('#/$defs/', '');
  return name === undefined ? node : root.$defs![name]!;
}
