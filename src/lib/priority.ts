/** Of two that wait for the same thing: what has begun already is `High`, what only begins is `Low`. */
export type Priority = 'High' | 'Low';
