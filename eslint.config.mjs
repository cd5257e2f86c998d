import tseslint from 'typescript-eslint';
import { layersRule } from './tools/lint/layers-rule.ts';

const timeAndChance = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({
  name,
  message: 'Take a Clock (shared/src/time/clock.ts), so that tests can move time.',
}));

export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/dist/**', '.build/**', 'proto/generated/**', '**/*.js', '**/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { heddle: { rules: { layers: layersRule } } },
    rules: {
      'heddle/layers': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // A void arrow reads well as a callback; a statement that forgets a promise is caught by no-floating-promises.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // Interfaces of several implementations hand over methods as values on purpose where they do not use `this`.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-globals': ['error', ...timeAndChance],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take a Clock (shared/src/time/clock.ts).' },
        { object: 'performance', property: 'now', message: 'Take a Clock (shared/src/time/clock.ts).' },
        { object: 'Math', property: 'random', message: 'Take an Rng (shared/src/random/rng.ts).' },
        { object: 'process', property: 'env', message: 'Settings read the environment, and nobody else.' },
      ],
      eqeqeq: 'error',
    },
  },
  {
    files: ['shared/src/time/**', 'shared/src/random/**', '**/settings.ts', '**/settings/**'],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-globals': 'off' },
  },
  {
    // Tests, tools and programs that stand outside the planes may use the platform as it is.
    files: [
      '**/*.test.ts',
      '**/*.contract.ts',
      '**/test/**',
      '**/testing/**',
      'e2e/**',
      'tools/**',
      'examples/**',
      '**/bench/**',
      '**/fuzz/**',
      'proto/gen/**',
    ],
    rules: {
      'no-restricted-properties': 'off',
      'no-restricted-globals': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // node:test's `test` and `describe` return promises that the runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after'],
            },
          ],
        },
      ],
    },
  },
);
