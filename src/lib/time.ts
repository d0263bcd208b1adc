/** Times as texts: RFC 3339, as Kubernetes and Cloud SQL write them, and as the CRD takes them. */

const RFC_3339 =
  /^([1-9]\d{3}-\d{2}-\d{2})(T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:(\.\d{1,3})\d*)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** The API server has no later times. */
const YEAR_10000 = Date.UTC(10_000, 0);

/**
 * Milliseconds since the epoch, a finer fraction cut off; undefined where the text is no time. `Date.parse` alone takes
 * more than RFC 3339 has, such as 24:00 and the 30th of February; reads .000999999999 as 999 ms; and answers NaN, which
 * no comparison notices.
 */
export function timeOf(text: string | undefined): number | undefined {
  const [, date = '', time = '', fraction = '', offset = ''] = RFC_3339.exec(text ?? '') ?? [];
  const ms = isDay(date) ? Date.parse(`${date}${time}${fraction}${offset}`) : YEAR_10000;
  return ms < YEAR_10000 ? ms : undefined;
}

/** `Date.parse` goes on counting after the last day of a month, and finds no day where there is no such month. */
function isDay(date: string): boolean {
  return new Date(date).getUTCDate() === Number(date.slice(8));
}

/** RFC 3339 with whole seconds, as Kubernetes writes its own times. */
export const toTime = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
