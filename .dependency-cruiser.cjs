/**
 * Who may import whom (docs/architecture.md). `npm run lint` fails on every violation.
 * A folder may always import itself, the files of `shared` below, src/files and packages; what else it may import is listed here.
 */
const folders = {
  health: [],
  schedule: ['health'],
  network: ['probes/raw/native', 'probes/raw/addresses'],
  probes: ['health', 'schedule/clock', 'network/momentary-network'],
  'instant.ts': [],
  'messages.ts': ['health', 'instant'],
  'override-end.ts': ['instant', 'messages'],
  status: ['health'],
  persistence: ['health', 'messages', 'instant', 'override-end'],
  config: ['health'],
  engine: [
    'health',
    'schedule',
    'network/local-network',
    'probes',
    'status',
    'persistence/snapshot',
    'messages',
    'config/plan',
    'config/backend-columns',
    'config/pack',
  ],
  process: [],
  front: ['health', 'status', 'persistence', 'messages', 'instant', 'override-end', 'config', 'process'],
  diagnosis: ['health', 'probes', 'config', 'process'],
  cli: ['health', 'probes', 'config', 'diagnosis', 'front/outputs/registry'],
  demo: [],
  files: [],
};

/** Inside src/front: each folder, with the parts of src/front that it may import. */
const frontFolders = {
  http: [],
  log: [],
  retry: [],
  view: ['http/time'],
  'diagnoses.ts': ['view'],
  saving: ['view', 'retry'],
  access: ['view', 'http'],
  listen: ['access', 'http'],
  control: ['view', 'http'],
  outputs: ['view', 'retry', 'http'],
  metrics: ['outputs', 'view', 'http'],
  api: ['metrics', 'outputs', 'control', 'access', 'diagnoses', 'view', 'http'],
};

const shared = ['errors', 'message-of', 'endpoint', 'version', 'files'];

/** Types may be taken from these by folders that may not import them otherwise. */
const typesOnly = {
  schedule: ['probes/probe'],
  network: ['probes/probe', 'probes/target'],
  probes: ['network/local-network'],
  config: ['probes/probe'],
  'messages.ts': ['config/plan'],
  persistence: ['config/plan'],
  front: ['probes/probe', 'diagnosis/messages', 'diagnosis/diagnose/subject'],
};

/** A pattern for a folder with all that is in it, or for a file; its ending may be left out. */
const within = (path) => `^src/${path.replace(/\.ts$/, '')}(/|\\.ts$)`;

function ruleOf(folder, allowed, everywhere) {
  return {
    name: `${folder}-imports`,
    comment: `src/${folder} may import: ${[...allowed, 'itself'].join(', ')}`,
    severity: 'error',
    from: { path: within(folder) },
    to: { path: everywhere, pathNot: [folder, ...allowed].map(within) },
  };
}

const rules = Object.entries(folders).map(([folder, allowed]) =>
  ruleOf(folder, [...allowed, ...(folder === 'health' ? [] : shared), ...(typesOnly[folder] ?? [])], '^src/'),
);

const frontRules = Object.entries(frontFolders).map(([folder, allowed]) =>
  ruleOf(
    `front/${folder}`,
    allowed.map((one) => `front/${one}`),
    '^src/front/',
  ),
);

module.exports = {
  forbidden: [
    ...rules,
    ...frontRules,
    {
      name: 'outputs-apart',
      comment: 'A kind of output imports no other kind; src/front/outputs/haproxy is what two kinds share',
      severity: 'error',
      from: { path: '^src/front/outputs/([^/]+)/' },
      to: { path: '^src/front/outputs/[^/]+/', pathNot: ['^src/front/outputs/$1/', '^src/front/outputs/haproxy/'] },
    },
    ...Object.entries(typesOnly).map(([folder, files]) => ({
      name: `${folder}-types-only`,
      comment: `src/${folder} may take only types from ${files.join(', ')}`,
      severity: 'error',
      from: { path: within(folder) },
      to: { path: files.map(within), dependencyTypesNot: ['type-only'] },
    })),
    { name: 'health-no-packages', severity: 'error', from: { path: '^src/health/' }, to: { pathNot: '^src/health/' } },
    {
      name: 'only-main-imports-daemon',
      severity: 'error',
      from: { pathNot: '^src/(vitald\\.ts$|daemon\\.ts$|daemon/)' },
      to: { path: '^src/daemon(\\.ts$|/)' },
    },
    { name: 'main-is-not-imported', severity: 'error', from: {}, to: { path: '^src/(main|vitald)\\.ts$' } },
    {
      name: 'doctor-alone',
      comment: 'src/diagnosis/doctor becomes one file for machines without packages: scripts/bundle-doctor.mjs',
      severity: 'error',
      from: { path: '^src/diagnosis/doctor/' },
      to: {
        pathNot: ['^src/diagnosis/(doctor|findings)/', '^src/diagnosis/[\\w-]+\\.ts$', '^src/(endpoint|message-of)\\.ts$'],
        dependencyTypesNot: ['core', 'type-only'],
      },
    },
    { name: 'no-circular', comment: 'imports of types count', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: ['\\.d\\.ts$', '^src/main\\.ts$', 'worker\\.ts$'] },
      to: {},
    },
    { name: 'not-to-dev-dep', severity: 'error', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev'] } },
    { name: 'not-to-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench|tools)/' } },
    { name: 'tools-imports', severity: 'error', from: { path: '^tools/' }, to: { path: '^(test|bench)/' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '^dist/'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
