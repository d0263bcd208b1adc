/** What no log, event, status or metric may hold, and what it would look like. */
const CREDENTIALS: readonly (readonly [string, RegExp])[] = [
  ['a PEM block', /-----BEGIN [A-Z ]+-----/],
  [
    'a line of a PEM body',
    /(?<![A-Za-z0-9+/])(?![0-9a-fA-F]{64,})(?=[A-Za-z0-9+/]*[+/A-Z])[A-Za-z0-9+/]{64}(?![A-Za-z0-9+/])/,
  ],
  ['an access token of Google', /\bya29\.[\w.-]+/],
  ['a signed token', /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}/],
  ['a bearer token', /\bBearer\s+[\w.~+/=-]{16,}/i],
  ['something that had to be redacted', /\[redacted\]/],
];

/** Names of the credentials that the text holds, each with where. */
export function credentialsIn(text: string): readonly string[] {
  return CREDENTIALS.flatMap(([name, pattern]) => {
    const found = pattern.exec(text);
    return found === null ? [] : [`${name}: …${text.slice(Math.max(0, found.index - 120), found.index + 40)}…`];
  });
}

/** @throws Error that shows where `what` holds a credential */
export function mustHoldNoCredentials(what: string, text: string): void {
  const found = credentialsIn(text);
  if (found.length > 0) throw new Error(`${what} holds ${found.join('; ')}`);
}
