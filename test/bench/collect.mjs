/** Beside a program that is measured: on SIGUSR2 it collects its garbage, and prints what is left. Wants `--expose-gc`. */
process.on('SIGUSR2', () => {
  for (let times = 0; times < 3; times += 1) globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  process.stdout.write(`${JSON.stringify({ collectedMb: process.memoryUsage.rss() / 1e6 })}\n`);
});
