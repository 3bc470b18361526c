// node serve.mjs URL MODEL: talks to a running `ingot serve` with the openai client; prints one JSON line a check.
import OpenAI from "openai";

const [url, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const prompt = "The open() system call";
const sampling = { model, prompt, max_tokens: 24, temperature: 0.8, seed: 7 };

async function check(name, run) {
  let holds = false, detail = "";
  try {
    detail = (await run()) ?? "";
    holds = true;
  } catch (error) {
    detail = String(error?.stack || error).split("\n").slice(0, 3).join(" | ");
  }
  console.log(JSON.stringify({ name, holds, detail: String(detail).slice(0, 300) }));
}
const equal = (a, b, what) => {
  if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${what}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`);
};
const health = async () => (await fetch(`${url}/healthz`)).json();
async function fails(request, status, member) {
  try {
    await request;
  } catch (error) {
    equal(error.status, status, "status");
    if (member) equal(error.param ?? error.code, member, "param or code");
    if (!error.message) throw new Error("no message");
    return error.message;
  }
  throw new Error("no error");
}
async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { chunks, text: chunks.map((chunk) => chunk.choices[0]?.text ?? "").join("") };
}

let alone;
await check("models", async () => {
  const list = await client.models.list();
  equal(list.data.map((entry) => entry.id), [model], "models");
  equal((await client.models.retrieve(model)).object, "model", "object");
});
await check("completion", async () => {
  alone = await client.completions.create(sampling);
  equal(alone.object, "text_completion", "object");
  equal(alone.usage.prompt_tokens + alone.usage.completion_tokens, alone.usage.total_tokens, "usage");
  if (!(alone.usage.completion_tokens > 0 && alone.usage.completion_tokens <= 24)) throw new Error(JSON.stringify(alone.usage));
  return alone.choices[0].text;
});
await check("seed", async () => equal((await client.completions.create(sampling)).choices[0].text, alone.choices[0].text, "text"));
await check("stream", async () => {
  const { chunks, text } = await collect(await client.completions.create({ ...sampling, stream: true, stream_options: { include_usage: true } }));
  equal(text, alone.choices[0].text, "streamed text");
  equal(new Set(chunks.map((chunk) => chunk.id)).size, 1, "ids");
  equal(chunks.at(-1).usage, alone.usage, "usage");
  equal(chunks.at(-2).choices[0].finish_reason, alone.choices[0].finish_reason, "finish reason");
  return `${chunks.length} chunks`;
});
await check("stop", async () => {
  const stop = alone.choices[0].text.slice(6, 9);
  const cut = await client.completions.create({ ...sampling, stop });
  equal(cut.choices[0].text, alone.choices[0].text.split(stop)[0], "text before the stop string");
  equal(cut.choices[0].finish_reason, "stop", "finish reason");
  const { text } = await collect(await client.completions.create({ ...sampling, stop: [stop], stream: true }));
  equal(text, cut.choices[0].text, "streamed text");
});
await check("logprobs", async () => {
  const { logprobs } = (await client.completions.create({ ...sampling, logprobs: 3 })).choices[0];
  equal(logprobs.tokens.length, logprobs.token_logprobs.length, "lengths");
  if (!logprobs.token_logprobs.every((p) => p <= 1e-6)) throw new Error("a log probability is over 0");
  equal(Object.keys(logprobs.top_logprobs[0]).length, 3, "top");
});
await check("tokens_greedy", async () => {
  const greedy = { model, prompt: [5, 6, 7], max_tokens: 8, temperature: 0 };
  const first = await client.completions.create(greedy);
  equal((await client.completions.create(greedy)).choices[0].text, first.choices[0].text, "greedy text");
});
await check("errors", async () => [
  await fails(client.completions.create({ ...sampling, model: "nothing" }), 404, "model"),
  await fails(client.completions.create({ ...sampling, temperature: 9 }), 400, "temperature"),
  await fails(client.completions.create({ ...sampling, max_tokens: 100000 }), 400, "max_tokens"),
  await fails(client.completions.create({ ...sampling, prompt: [999999999] }), 400),
  await fails(client.completions.create({ ...sampling, temprature: 1 }), 400, "temprature"),
].join(" / "));
await check("together", async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.completions.create(sampling)));
  for (const answer of answers) equal(answer.choices[0].text, alone.choices[0].text, "text beside seven others");
});
await check("leave", async () => {
  const stream = await client.completions.create({ ...sampling, max_tokens: 64, stream: true });
  for await (const chunk of stream) if (chunk) break;
  for (let i = 0; i < 200 && (await health()).waiting > 0; ++i) await new Promise((done) => setTimeout(done, 10));
  equal((await client.completions.create(sampling)).choices[0].text, alone.choices[0].text, "text after a hang-up");
});
await check("full_queue", async () => {
  const patient = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 8 });
  let refused = 0;
  const answers = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const request = { ...sampling, max_tokens: 16, seed: i };
    try {
      return await client.completions.create(request);
    } catch (error) {
      equal(error.status, 429, "status");
      if (!(Number(error.headers.get("retry-after")) >= 1)) throw new Error("no Retry-After");
      ++refused;
      return patient.completions.create(request);
    }
  }));
  equal(answers.length, 40, "answers");
  return `${refused} of 40 were turned away once and served later`;
});
