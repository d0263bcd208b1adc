// Loaded before the operator by `--import`: its wall clock is CLOCK_SKEW_MS ahead, and each second stepped there and back
// by CLOCK_STEP_MS. Only `Date` differs: timers and the monotonic clock are those of the machine, as on a real one.
const skewMs = Number(process.env.CLOCK_SKEW_MS ?? 0);
const stepMs = Number(process.env.CLOCK_STEP_MS ?? 0);
const Machine = Date;

const now = () => Machine.now() + skewMs + (Math.floor(performance.now() / 1000) % 2) * stepMs;

globalThis.Date = class extends Machine {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }

  static now() {
    return now();
  }
};
