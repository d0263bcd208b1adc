/** What is reported while it happens: one line a moment. */
import { styleText } from 'node:util';

export type Tone = 'Plain' | 'Good' | 'Bad' | 'Faint';

export interface Moment {
  /** Who or what it is about. */
  readonly subject: string;
  readonly text: string;
  readonly tone?: Tone;
}

export type Report = (moment: Moment) => void;

/** Makes the tone of a text visible, where that is wanted. */
export type Paint = (tone: Tone, text: string) => string;

/** As wide as the longest name of a Deployment in the examples. */
const SUBJECT_WIDTH = 'orders-worker'.length;

export function lineOf({ subject, text, tone = 'Plain' }: Moment, seconds: number, paint: Paint): string {
  const time = paint('Faint', `${seconds.toFixed(1).padStart(6)} s`);
  return `${time}  ${subject.padEnd(SUBJECT_WIDTH)}  ${paint(tone, text)}`;
}

/** Tells moments with the seconds since now. */
export function startTimeline(print: (line: string) => void, paint: Paint): Report {
  const start = performance.now();
  return (moment) => print(lineOf(moment, (performance.now() - start) / 1000, paint));
}

export const plain: Paint = (_tone, text) => text;

/** Colours where standard output is a terminal and NO_COLOR is not set. */
export const colours: Paint = (tone, text) => {
  switch (tone) {
    case 'Plain':
      return text;
    case 'Good':
      return styleText('green', text);
    case 'Bad':
      return styleText('red', text);
    case 'Faint':
      return styleText('dim', text);
  }
};
