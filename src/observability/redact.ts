/**
 * The last line of defence: nothing should ever log a credential, and what does all the same is made unreadable here.
 * It works on the finished JSON line, so that no field escapes it.
 */
const REDACTED = '[redacted]';

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Up to its end, or to the end of the string that it was cut off in.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^"-]|-(?!----END))*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g, REDACTED],
  [/\b(Bearer)\s+[\w.~+/=-]{16,}/gi, `$1 ${REDACTED}`],
  [/\bya29\.[\w.-]+/g, REDACTED],
  // Kubernetes' and Google's signed tokens.
  [/\beyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?/g, REDACTED],
  [
    /((?:access_?token|id_?token|refresh_?token|private_?key|client_?secret|assertion)\\?"\s*:\s*\\?")[^"\\]+/gi,
    `$1${REDACTED}`,
  ],
];

export const redact = (line: string): string =>
  PATTERNS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
