#!/usr/bin/env node
/** `vitald`: loads the program of the main thread, bundled if there is a bundle. */
import { entryPoint } from './entry-point.js';

await import(entryPoint('vitald').href);
