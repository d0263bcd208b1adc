/** What cannot be done as it was asked for; the message says what can. */
export class UsageError extends Error {}

/** What was tried in vain. The message is empty where kubectl has shown the reason itself. */
export class Failure extends Error {}
