// OpenAI's official client: a chat, a stream, a loop of tools, and a response.
// What it met is told on stdout, in JSON, for the test that started it.
import OpenAI from "openai";

const { GATEWAY, KEY, MODEL } = process.env;
const client = new OpenAI({ baseURL: `${GATEWAY}/v1`, apiKey: KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello" }];
const told = {};

const { data, response } = await client.chat.completions
  .create({ model: MODEL, messages })
  .withResponse();
told.chat = data.choices[0].message.content;
told.cost = data.usage.cost;
told.served = response.headers.get("x-tollhouse-model");

const stream = await client.chat.completions.create({
  model: MODEL,
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
told.pieces = [];
for await (const chunk of stream) {
  const piece = chunk.choices[0]?.delta?.content;
  if (piece) told.pieces.push(piece);
  if (chunk.usage) told.streamedCost = chunk.usage.cost;
}

told.calls = [];
const weather = async ({ city }) => {
  told.calls.push(city);
  return city === "Oslo" ? "rain" : "sun";
};
const runner = client.chat.completions.runTools({
  model: MODEL,
  messages,
  stream: true,
  tools: [
    {
      type: "function",
      function: {
        name: "weather",
        description: "The weather of a city.",
        parse: JSON.parse,
        function: weather,
        parameters: {
          type: "object",
          properties: { city: { type: "string" } },
          required: ["city"],
        },
      },
    },
  ],
});
told.final = await runner.finalContent();

const answer = await client.responses.create({ model: MODEL, input: "Hello" });
told.response = answer.output_text;

try {
  await client.chat.completions.create({ model: "none-such", messages });
} catch (error) {
  told.error = [error.constructor.name, error.status, error.code];
}
console.log(JSON.stringify(told));
