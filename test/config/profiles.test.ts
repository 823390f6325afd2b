import { readFileSync } from 'node:fs';
import t from 'tap';
import { profileNamed, profileNames } from '#vitald/config/profiles/index.js';
import { citedDocuments } from '#vitald/config/profiles/sources.js';
import { checkDefaults, type CheckDefaults, type Profile, type Range } from '#vitald/config/profiles/profile.js';

type Json = Record<string, unknown>;
const file = JSON.parse(readFileSync('test/conformance/profiles.json', 'utf8')) as { profiles: Record<string, Json> };
const checkTypes = ['tcp', 'ping', 'udp', 'http'];

/** The file's profile with `same_as` and `unhealthy_threshold_fixed` written out, without its source. */
function written(name: string): Json {
  const { same_as: base, unhealthy_threshold_fixed: fixedThreshold, ...own } = file.profiles[name]!;
  delete own['source'];
  const profile: Json = base === undefined ? own : { ...written(base as string) };
  if (base !== undefined) {
    for (const [key, value] of Object.entries(own))
      profile[key] = checkTypes.includes(key) ? { ...(profile[key] as Json), ...(value as Json) } : value;
  }
  for (const type of checkTypes.filter((key) => key in profile)) {
    const { thresholds, ...range } = (profile[type] as { range: Json }).range;
    const both = thresholds === undefined ? range : { ...range, healthy_threshold: thresholds, unhealthy_threshold: thresholds };
    profile[type] = {
      ...(profile[type] as Json),
      range: fixedThreshold === undefined ? both : { ...both, unhealthy_threshold: fixedThreshold },
    };
  }
  return profile;
}

/** A profile of the program in the form of the file. */
function built(profile: Profile): Json {
  return {
    ...Object.fromEntries(Object.entries(profile.checks).map(([type, check]) => [type, builtCheck(check)])),
    check_for_protocol: profile.checkForProtocol,
    backend_protocols: profile.backendProtocols,
    initial_passes: profile.initialPasses,
    all_unhealthy: profile.allUnhealthy,
    probe_weight_zero: profile.probeWeightZero,
    ...(profile.sourceRange !== undefined && { source_range: profile.sourceRange }),
    ...(profile.timeoutBelowInterval === 'raised' && { timeout_below_interval: 'raised to the interval' }),
  };
}

function builtCheck(check: CheckDefaults): Json {
  const { udp, ...options } = check.options;
  return {
    interval: check.intervalMs / 1000,
    timeout: check.timeoutMs / 1000,
    healthy_threshold: check.healthyThreshold,
    unhealthy_threshold: check.unhealthyThreshold,
    pace: check.pace,
    ...options,
    ...(udp !== undefined && { ping_first: udp.ping_first }),
    ...(check.expectedStatusOnTcpListener && { expected_status_on_tcp_listener: check.expectedStatusOnTcpListener }),
    range: {
      interval: builtRange(check.range.intervalMs, 1000),
      timeout: builtRange(check.range.timeoutMs, 1000),
      healthy_threshold: builtRange(check.range.healthyThreshold, 1),
      unhealthy_threshold: builtRange(check.range.unhealthyThreshold, 1),
    },
  };
}

function builtRange({ min, max }: Range, unit: number): number | number[] {
  return min === max ? min / unit : [min / unit, max / unit];
}

t.test('the profiles are those of the conformance file, no more and no fewer', async (t) => {
  t.same([...profileNames].sort(), Object.keys(file.profiles).sort());
});

for (const name of Object.keys(file.profiles)) {
  t.test(`profile ${name} has every value of the conformance file`, async (t) => {
    t.strictSame(built(profileNamed(name)!), written(name));
  });
}

t.test('a type that a profile does not list has the values of tcp there; https those of http', async (t) => {
  for (const name of profileNames) {
    const profile = profileNamed(name)!;
    t.equal(checkDefaults(profile, 'https'), profile.checks.http, `${name}: https`);
    t.equal(checkDefaults(profile, 'a new kind'), profile.checks.tcp, `${name}: another kind`);
    t.equal(checkDefaults(profile, 'ping'), profile.checks['ping'] ?? profile.checks.tcp, `${name}: ping`);
  }
});

t.test('every default is within its own range', async (t) => {
  for (const name of profileNames) {
    for (const [type, check] of Object.entries(profileNamed(name)!.checks)) {
      for (const key of ['intervalMs', 'timeoutMs', 'healthyThreshold', 'unhealthyThreshold'] as const) {
        t.ok(check[key] >= check.range[key].min && check[key] <= check.range[key].max, `${name} ${type} ${key}`);
      }
    }
  }
});

t.test('every value of a cloud has a source, and every source names a document that is listed', async (t) => {
  for (const name of profileNames.filter((name) => name !== 'native')) {
    const { sources } = profileNamed(name)!;
    const cited = Object.values(sources ?? {}).flatMap((text) => [...text.matchAll(/\[([A-Z]\d+)/g)].map((match) => match[1]!));
    t.ok(cited.length > 5, name);
    for (const document of cited) t.ok(document in citedDocuments, `${name}: ${document}`);
    for (const [value, text] of Object.entries(sources ?? {})) {
      t.match(text, /\[[A-Z]\d+|vitald|no document|as for shared/, `${name}: ${value}`);
    }
  }
});

t.test('every document that is listed is cited', async (t) => {
  const all = profileNames.flatMap((name) => Object.values(profileNamed(name)!.sources ?? {})).join(' ');
  for (const document of Object.keys(citedDocuments)) t.match(all, new RegExp(`\\[${document}\\b`), document);
});
