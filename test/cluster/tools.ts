import { Argument, Command } from 'commander';
import {
  findOrBuildArgoCd,
  findOrBuildArgoRollouts,
  findOrBuildAuthProxy,
  findOrBuildChartTools,
  findOrBuildFlux,
  findOrBuildLua,
  findOrBuildPromtool,
} from './binaries.ts';
import { logToStderr } from './log.ts';

const TOOLS = {
  'argo-cd': findOrBuildArgoCd,
  'argo-rollouts': findOrBuildArgoRollouts,
  'auth-proxy': findOrBuildAuthProxy,
  chart: findOrBuildChartTools,
  flux: findOrBuildFlux,
  lua: findOrBuildLua,
  promtool: findOrBuildPromtool,
};

const isTool = (name: string): name is keyof typeof TOOLS => Object.hasOwn(TOOLS, name);

const program = new Command('node test/cluster/tools.ts')
  .description(
    'Builds what tests run besides a control plane, ahead of them: how long that takes is no matter of a test.',
  )
  .addArgument(new Argument('<tool...>').choices(Object.keys(TOOLS)))
  .parse();

// One after the other: each compiles on all processors.
for (const tool of program.args.filter(isTool)) await TOOLS[tool]({ log: logToStderr });
