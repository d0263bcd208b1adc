/** The program: the bundle beside this file, from the code that V8 has compiled of it where that is there. */
import { Bundle } from './bundle.ts';

new Bundle(import.meta.dirname).run();
