/**
 * Secrets in the wrong place: a canary at every place of the schema, in every form, and in the environment. No message
 * may contain it, and `check --print` may show it only where the value is no secret.
 */
import t from 'tap';
import { checkCommand } from '#vitald/cli/check.js';
import { loadConfig } from '#vitald/config/load.js';
import type { JsonSchema } from '#vitald/config/json-schema.js';
import { buildSchema, resolveRef } from '#vitald/config/schema.js';
import { isHarmlessKey } from '#vitald/config/quoting.js';
import { isSecretPlace } from '#vitald/config/secret-places.js';
import { outputKinds } from '#vitald/front/outputs/registry.js';
import { probeKinds } from '#vitald/probes/registry.js';
import { machine } from '../support/load.js';

const canary = 'S3CRETc4nary';
/** What a number of that many digits is turned into stays the same. */
const canaryNumber = 490_173_520_846_133;
const env = { CANARY: canary, CANARY_WORD: 'canarysecret', CANARY_NUMBER: String(canaryNumber) };
const sought = /s3cretc4nary|canarysecret|490173520846133/i;

const schema = buildSchema(probeKinds, outputKinds);

type Step = string | number;
interface Place {
  readonly path: readonly Step[];
  readonly node: JsonSchema;
}

/** Every place of the schema: keys, list entries (the first), and values of mappings with free keys. */
function* placesOf(node: JsonSchema, path: readonly Step[]): Generator<Place> {
  const resolved = resolveRef(schema, node);
  yield { path, node: resolved };
  for (const [key, inner] of Object.entries(resolved.properties ?? {})) yield* placesOf(inner, [...path, key]);
  if (resolved.items !== undefined) yield* placesOf(resolved.items, [...path, 0]);
  if (typeof resolved.additionalProperties === 'object') yield* placesOf(resolved.additionalProperties, [...path, 'X-Some-Key']);
}

const places = [...placesOf(schema, [])].filter(({ path }) => path.length > 0);

/** Values that surround a place so that the rest of the document is as right as it can be. */
const around: Readonly<Record<string, object>> = {
  listeners: { name: 'web', protocol: 'http', port: 80 },
  backends: { address: '10.0.0.1' },
  tokens: { name: 'bot', role: 'read', sha256: 'a'.repeat(64) },
  client_certificates: { name: 'bot', role: 'read', subject_cn: 'bot' },
  webhook: { url: 'http://127.0.0.1:1' },
  alertmanager: { url: 'http://127.0.0.1:1' },
  command: { command: ['/bin/true'] },
  file: { path: '/tmp/status' },
  nginx: { path: '/tmp/upstreams' },
  haproxy_runtime: { socket: '/run/haproxy.sock' },
};

/** A document with the value at the place, and as little else as possible. */
function documentWith(path: readonly Step[], value: unknown): unknown {
  const build = (rest: readonly Step[]): unknown => {
    const [step, ...others] = rest;
    if (step === undefined) return value;
    const inner = build(others);
    return typeof step === 'number' ? [inner] : { [step]: inner };
  };
  const complete = (node: unknown, name: string): unknown => {
    if (Array.isArray(node))
      return node.map((item: unknown) => (isMapping(item) ? { ...around[name], ...(complete(item, '') as object) } : item));
    if (!isMapping(node)) return node;
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, complete(inner, key)]));
  };
  const document = complete(build(path), '') as Record<string, unknown>;
  return { listeners: [], ...document };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The canary in all forms that a value may have. */
const forms: readonly (readonly [what: string, value: unknown])[] = [
  ['a text', canary],
  ['a number', canaryNumber],
  ['a list', [canary, canaryNumber]],
  ['a mapping', { [canary]: canary }],
  ['a nested mapping', { name: { [canary]: [canary] } }],
  ['a user and a password', `u:${canary}@10.0.0.1`],
  ['a port', `10.0.0.1:${canary}`],
  ['a URL with a password', `http://u:${canary}@10.0.0.1:99999/`],
  ['a URL of another scheme', `${canary}://10.0.0.1/`],
  ['a line too many', `a\n${canary}`],
  ['a control character', `a\u0001${canary}\u202e`],
  ['a very long text', canary.repeat(500)],
  ['a variable', '${CANARY}'],
  ['a variable inside a text', 'x-${CANARY}-y'],
  ['a variable that holds a word', '${CANARY_WORD}'],
  ['a variable that holds a number', '${CANARY_NUMBER}'],
  ['the default of a variable', `\${UNSET:-${canary}}`],
  ['a variable that is none', `\${${canary}-x}`],
];

function loadText(text: string): ReturnType<typeof loadConfig> {
  return loadConfig({ file: 'vitald.yaml', text, env, kinds: probeKinds, outputKinds, machine });
}

interface Said {
  /** Problems and warnings. */
  readonly messages: string;
  /** The effective configuration, as text and as data; '' if the document is not valid. */
  readonly printed: string;
}

/** All that `check` says of a document. */
function said(text: string): Said {
  const input = { file: 'vitald.yaml', text, env, kinds: probeKinds, outputKinds, machine };
  let [out, err] = ['', ''];
  const io = { color: false, out: (line: string) => void (out += line), err: (line: string) => void (err += line) };
  if (checkCommand(input, { print: true, json: false, strict: false }, io) === 1) return { messages: err, printed: '' };
  const asText = out;
  out = '';
  checkCommand(input, { print: true, json: true, strict: false }, io);
  const { effective, ...rest } = JSON.parse(out) as { readonly effective: unknown };
  return { messages: err + JSON.stringify(rest), printed: asText + JSON.stringify(effective) };
}

t.test('no message contains a key in the wrong place, nor what stands under it', async (t) => {
  for (const { path, node } of places.filter(({ node }) => [node.type].flat().includes('object'))) {
    for (const value of [canary, canaryNumber, null, { [canary]: canary }]) {
      for (const key of [canary, `x ${canary}`, `${canary}\n`, '${CANARY}', '__proto__']) {
        const { problems, warnings } = loadText(JSON.stringify(documentWith(path, { [key]: value })));
        const told = JSON.stringify([problems, warnings]);
        if (sought.test(told)) t.fail(`${path.join('.')} (${String(node.type)}): ${told.slice(0, 500)}`);
      }
    }
  }
});

/** Names are shown wherever they come from: of callers, listeners, backends, network interfaces. */
const names = ['name', 'source', 'interface'];

function mayBePrinted(path: readonly Step[], what: string): boolean {
  if (names.includes(String(path.at(-1)))) return true;
  // The names of headers and variables are no secrets; only what stands under them is.
  if (what === 'a mapping' && ['headers', 'env', 'labels', 'clusters', 'backends', 'servers'].includes(String(path.at(-1)))) return true;
  const isOption = path.includes('check') || path[0] === 'outputs';
  const isFromEnvironment = what.startsWith('a variable') && what !== 'a variable that is none';
  return !isSecretPlace(path, schema) && !(isOption && isFromEnvironment);
}

t.test('whatever stands at any place of the schema, no message contains it, and check --print no secret', async (t) => {
  t.ok(places.length > 100, `${places.length} places`);
  let valid = 0;
  for (const { path } of places) {
    for (const [what, value] of forms) {
      const { messages, printed } = said(JSON.stringify(documentWith(path, value)));
      if (sought.test(messages)) t.fail(`${path.join('.')}: ${what}: ${messages.slice(0, 500)}`);
      if (printed !== '') valid++;
      if (sought.test(printed) && !mayBePrinted(path, what)) t.fail(`${path.join('.')}: ${what} is printed`);
    }
  }
  t.ok(valid > 20, `${valid} documents are valid`);
});

t.test('every key of the schema may be named', async (t) => {
  for (const { path } of places)
    for (const step of path) if (typeof step === 'string' && step !== 'X-Some-Key') t.ok(isHarmlessKey(step), step);
});

t.test('errors of YAML do not quote the line', async (t) => {
  const lines = [
    `password: !${canary}`,
    `password: !${canary} x`,
    `password: !<${canary}> x`,
    `password: *${canary}`,
    `password: &${canary}`,
    `a: "\\U${canary}"`,
    `a: "\\x${canary}"`,
    `a: "${canary}`,
    `a: '${canary}`,
    `a: |${canary}\n  x`,
    `a: >${canary}\n`,
    `%${canary} 1\n---\na: 1`,
    `%YAML ${canary}\n---\na: 1`,
    `a: @${canary}`,
    `a: \`${canary}`,
    `a: ${canary}: ${canary}`,
    `a: [${canary}, ${canary}`,
    `a: {${canary}: ${canary}`,
    `a: ]${canary}`,
    `a: b\n${canary}`,
    `${canary}\na: b`,
    `"${canary}": 1\n"${canary}": 2`,
    `? [${canary}]\n: 1`,
    `? {${canary}: 1}\n: ${canary}`,
    `${canary}: 1\n\t${canary}: 2`,
    `- ${canary}\n- ${canary}: *${canary}`,
    `a: b ${canary}: c: d`,
    `...\n${canary}\n...\n${canary}`,
    `---\n${canary}\n---\n${canary}`,
    `<<: ${canary}`,
    `a: 0${canaryNumber}`,
    `secret: 00${canaryNumber}`,
    `listeners: [{ name: ${canary}x, port: 0${canaryNumber} }]`,
    `a: !!binary ${canary}=`,
    `a: !!set {${canary}}`,
    `a: !!omap [${canary}: 1, ${canary}: 2]`,
    `a: !!timestamp ${canary}`,
    `a: !!int ${canary}`,
    `${'x'.repeat(2000)}${canary}: 1`,
    `a: "\u0000${canary}"`,
    `\ufffe${canary}`,
  ];
  for (const line of lines) {
    for (const text of [
      line,
      `${line}\nlisteners: []\n`,
      `listeners:\n  - ${line.replaceAll('\n', '\n    ')}\n`,
      `server: { tokens: [{ ${line} }] }`,
    ]) {
      const { messages } = said(text);
      t.notMatch(messages, sought, `${JSON.stringify(text)}: ${messages.slice(0, 300)}`);
    }
  }
});

t.test('escapes of YAML do not hide a secret from the rule', async (t) => {
  const escaped = [...canary].map((c) => `\\x${c.charCodeAt(0).toString(16)}`).join('');
  const wide = [...canary].map((c) => `\\U${c.charCodeAt(0).toString(16).padStart(8, '0')}`).join('');
  for (const text of [
    `"${escaped}"`,
    `"${wide}"`,
    `!!str ${canary}`,
    `&a ${canary}`,
    `>-\n      ${canary}`,
    `"${canary.slice(0, 4)}\\\n      ${canary.slice(4)}"`,
  ]) {
    for (const key of ['name', 'port', 'protocol', `"${escaped}"`, `? "${wide}"\n    `]) {
      t.notMatch(said(`listeners:\n  - ${key}: ${text}\n`).messages, sought, `${key}: ${text}`);
    }
  }
});

t.test('what is wrong is still said: words, numbers and addresses are quoted', async (t) => {
  const { messages } = said(
    'listeners: [{ name: web, protocol: htttp, port: 70000, check: { timeout: 5 seconds }, backends: [10.0.0.300] }]',
  );
  t.match(messages, 'found "htttp"; expected one of tcp, udp, http, https (did you mean http?)');
  t.match(messages, 'found 70000; expected a port from 1 to 65535');
  t.match(messages, 'found "5 seconds"; expected a duration');
});
