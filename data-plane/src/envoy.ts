import { createEndSwitch } from './envoy-command/end-switch.ts';

// Before anything else is loaded: who ends a process that has just begun need not wait for it.
const endSwitch = createEndSwitch(process);
const { runEnvoy } = await import('./envoy-command/run-envoy.ts');
process.exitCode = await runEnvoy(process.argv.slice(2), endSwitch);
