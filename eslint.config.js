import tseslint from 'typescript-eslint';

/** Import rules between folders are checked by dependency-cruiser (.dependency-cruiser.cjs). */
export default tseslint.config(
  { ignores: ['dist/', 'build/', 'node_modules/', '.tap/'] },
  ...tseslint.configs.recommended.map((config) => ({ ...config, files: ['**/*.mjs', '**/*.js'] })),
  ...tseslint.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
        { selector: 'ExportDefaultDeclaration', message: 'Use named exports.' },
      ],
      eqeqeq: 'error',
    },
  },
  {
    // The compiler checks their types (scripts/tsconfig.json).
    files: ['**/*.mjs', '**/*.js'],
    rules: {
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-nested-ternary': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
    },
  },
  {
    // What a program inherits is decided in one place.
    files: ['src/**/*.ts'],
    ignores: ['src/process/children.ts', 'src/diagnosis/doctor/local-machine.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:child_process', message: 'Start programs through src/process/children.ts.', allowTypeImports: true }] },
      ],
    },
  },
  {
    // Only the entries of processes touch `process` (docs/architecture.md).
    files: ['src/**/*.ts'],
    ignores: ['src/vitald.ts', 'src/diagnosis/child.ts', 'src/diagnosis/doctor/standalone.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'process', message: 'Only entries touch process; take what you need as an argument.' }],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/require-await': 'off' },
  },
);
