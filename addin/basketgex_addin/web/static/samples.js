// The same call in a terminal and in programs. The key stays in its file: no page gets to see it.

const shell = text => `'${text.replaceAll("'", "'\\''")}'`;
const quoted = text => JSON.stringify(text);

export const SAMPLES = {
  curl: (url, key) => key
    ? `curl -H "X-Api-Key: $(cat ${shell(key)})" ${shell(url)}`
    : `curl ${shell(url)}`,
  Python: (url, key) => `import json
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

request = Request(${quoted(url)})
${key ? `request.add_header("X-Api-Key", Path(${quoted(key)}).read_text().strip())\n` : ""}\
with build_opener(ProxyHandler({})).open(request) as reply:
    print(json.dumps(json.load(reply), indent=2))`,
  JavaScript: (url, key) => key
    ? `import { readFile } from "node:fs/promises";

const key = (await readFile(${quoted(key)}, "utf8")).trim();
const reply = await fetch(${quoted(url)}, { headers: { "X-Api-Key": key } });
console.log(await reply.json());`
    : `const reply = await fetch(${quoted(url)});
console.log(await reply.json());`,
};
