/** As many hexadecimal digits as a number holds exactly. */
const DIGITS = 13;

/** Of the digest of a list of CAs: ten thousand objects keep it, to see that another one has read another list. */
export const listedNumber = (revision: string | undefined): number | undefined =>
  revision === undefined ? undefined : Number.parseInt(revision.slice(0, DIGITS), 16);
