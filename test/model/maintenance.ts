/** The maintenance window of all objects that have one. It opens with the run, and every 20 minutes. */
export const WINDOW = { schedule: '*/20 * * * *', durationSeconds: 300, timeZone: 'UTC', minimumRemainingSeconds: 0 };

/** Whether it is open, without a calendar: in the first five minutes of every twenty. */
export const isOpenAt = (now: Date): boolean => now.getUTCMinutes() % 20 < 5;
