/** zod would compile its schemas with `new Function`, which takes longer at the start than it ever saves here. */
import { config } from 'zod';

config({ jitless: true });
