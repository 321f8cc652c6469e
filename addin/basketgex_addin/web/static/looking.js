// The status page in a browser of one's own.

import { enter } from "/static/page.js";
import { watch } from "/static/status.js";

const sheet = await enter();
if (sheet) watch(sheet);
