// Runs the peers that Ingot's tokenizers are compared with: npm tiktoken (Rust in wasm) and @huggingface/tokenizers.
// node tokenizer_peers.mjs JOBS.json, a list of jobs:
//   {"do": "ranks", "encoding": E, "out": FILE}                     writes E's ranks as a .tiktoken file
//   {"do": "encode", "peer": "tiktoken", "name": E, "text": FILE, "out": FILE}   ids, one JSON list
//   {"do": "encode", "peer": "huggingface", "name": tokenizer.json, "text": FILE, "out": FILE}
//   {"do": "decode", "peer": "huggingface", "name": tokenizer.json, "ids": FILE, "out": FILE}
//   {"do": "time", "name": E, "text": FILE, "out": FILE}            {"seconds": CPU, "tokens": N}, best of 3
// Node finds the packages from the working directory, which is where `npm ci` put them.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "package.json"));
const { get_encoding } = require("tiktoken");
const { Tokenizer } = require("@huggingface/tokenizers");

const text_of = (file) => readFileSync(file, "utf8");
const huggingface = (file) => new Tokenizer(JSON.parse(text_of(file)), {});

function encode(job) {
  if (job.peer === "tiktoken") return Array.from(get_encoding(job.name).encode_ordinary(text_of(job.text)));
  return huggingface(job.name).encode(text_of(job.text), { add_special_tokens: false }).ids;
}

function ranks(job) {
  const lines = [];
  for (const row of require(`tiktoken/encoders/${job.encoding}.json`).bpe_ranks.split("\n")) {
    const [, first, ...tokens] = row.split(" ");
    tokens.forEach((token, i) => lines.push(`${token} ${Number(first) + i}\n`));
  }
  return lines.join("");
}

function time(job) {
  const encoding = get_encoding(job.name);
  const text = text_of(job.text);
  let seconds = Infinity;
  let tokens = 0;
  for (let i = 0; i < 3; ++i) {
    const start = process.cpuUsage();
    tokens = encoding.encode_ordinary(text).length;
    const used = process.cpuUsage(start);
    seconds = Math.min(seconds, (used.user + used.system) / 1e6);
  }
  return { seconds, tokens };
}

for (const job of JSON.parse(text_of(process.argv[2]))) {
  let out;
  if (job.do === "encode") out = JSON.stringify(encode(job));
  else if (job.do === "ranks") out = ranks(job);
  else if (job.do === "decode") out = huggingface(job.name).decode(JSON.parse(text_of(job.ids)), { clean_up_tokenization_spaces: false });
  else if (job.do === "time") out = JSON.stringify(time(job));
  else throw new Error(`unknown job ${job.do}`);
  writeFileSync(job.out, out);
}
