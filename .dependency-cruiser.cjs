/**
 * Who may import whom (docs/architecture.md). `npm run lint` fails on every violation.
 * A folder may always import itself, src/errors.ts, src/files and packages; what else it may import is listed here.
 */
const folders = {
  health: [],
  schedule: ['health'],
  network: ['probes/raw/native', 'probes/raw/addresses'],
  probes: ['health', 'schedule/clock', 'network/momentary-network'],
  status: ['health', 'config/plan', 'config/backend-columns'],
  config: ['health'],
  engine: ['health', 'schedule', 'network/local-network', 'probes', 'status', 'config/plan', 'config/backend-columns', 'config/pack'],
  process: [],
  front: ['health', 'status', 'config', 'process'],
  diagnosis: ['health', 'probes', 'config', 'process'],
  cli: ['health', 'probes', 'config', 'diagnosis', 'front/outputs/registry'],
  demo: [],
  files: [],
};

const shared = ['errors\\.ts$', 'version\\.ts$', 'files/'];

/** Types may be taken from the probe contract by folders that may not import the probes themselves. */
const typesOnly = {
  schedule: ['probes/probe'],
  network: ['probes/probe'],
  probes: ['network/local-network'],
  config: ['probes/probe'],
  status: ['config/plan', 'config/backend-columns', 'probes/probe'],
  front: ['probes/probe', 'diagnosis/messages', 'diagnosis/diagnose/subject'],
};

const rules = Object.entries(folders).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import: ${[...allowed, 'itself'].join(', ')}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/${folder}/`,
      ...allowed.map((a) => `^src/${a}`),
      ...(folder === 'health' ? [] : shared.map((s) => `^src/${s}`)),
      ...(typesOnly[folder] ?? []).map((t) => `^src/${t}\\.ts$`),
    ],
  },
}));

module.exports = {
  forbidden: [
    ...rules,
    ...Object.entries(typesOnly).map(([folder, files]) => ({
      name: `${folder}-types-only`,
      comment: `src/${folder} may take only types from ${files.join(', ')}`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: files.map((f) => `^src/${f}\\.ts$`), dependencyTypesNot: ['type-only'] },
    })),
    { name: 'health-no-packages', severity: 'error', from: { path: '^src/health/' }, to: { pathNot: '^src/health/' } },
    {
      name: 'only-main-imports-daemon',
      severity: 'error',
      from: { pathNot: '^src/(vitald|daemon)\\.ts$' },
      to: { path: '^src/daemon\\.ts$' },
    },
    { name: 'nobody-imports-main', severity: 'error', from: {}, to: { path: '^src/(main|vitald)\\.ts$' } },
    {
      name: 'doctor-alone',
      comment: 'src/diagnosis/doctor becomes one file for machines without packages: scripts/bundle-doctor.mjs',
      severity: 'error',
      from: { path: '^src/diagnosis/doctor/' },
      to: {
        pathNot: ['^src/diagnosis/(doctor|findings)/', '^src/diagnosis/[\\w-]+\\.ts$'],
        dependencyTypesNot: ['core', 'type-only'],
      },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: ['\\.d\\.ts$', '^src/main\\.ts$', 'worker\\.ts$'] },
      to: {},
    },
    { name: 'not-to-dev-dep', severity: 'error', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev'] } },
    { name: 'not-to-test', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench)/' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
