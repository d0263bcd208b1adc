/** Dates that never come, such as 31 February: a search for them goes on to the end of the calendar. */

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** Days of each month, in a leap year. */
const LENGTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a date ever comes on which the schedule opens. @param schedule five fields that croner has understood */
export function doesEverCome(schedule: string): boolean {
  const [, , days = '*', months = '*', weekdays = '*'] = schedule.split(' ');
  // With a day of week set, either is enough, and each month has every day of the week.
  if (weekdays !== '*') return true;
  const first = Math.min(...valuesOf(days, 31));
  return valuesOf(months, 12).some((month) => first <= (LENGTHS[month - 1] ?? 0));
}

/** Of `*`, `3`, `1-5`, a step of these, and lists of them. */
function valuesOf(field: string, max: number): readonly number[] {
  return field.split(',').flatMap((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [from = '1', to = from] = range === '*' ? ['1', String(max)] : range.split('-');
    const [first, last] = [numberOf(from), numberOf(to)];
    return Array.from({ length: Math.floor((last - first) / Number(step)) + 1 }, (_, n) => first + n * Number(step));
  });
}

const numberOf = (text: string): number => MONTHS.indexOf(text.toUpperCase()) + 1 || Number(text);
