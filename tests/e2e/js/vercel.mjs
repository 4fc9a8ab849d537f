// Vercel's ai with the provider named in the environment: a chat, a stream and a loop of tools.
// What it met is told on stdout, in JSON, for the test that started it.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

globalThis.AI_SDK_LOG_WARNINGS = false;
const { GATEWAY, KEY, MODEL, PROVIDER } = process.env;
const baseURL = `${GATEWAY}/v1`;
const gateway = { name: "tollhouse", baseURL, apiKey: KEY, includeUsage: true };
const modelOf = {
  anthropic: createAnthropic(gateway),
  openai: createOpenAI(gateway),
  compatible: createOpenAICompatible(gateway),
}[PROVIDER];
// Without this the package refers to items by the ids that only OpenAI would have kept.
const providerOptions = { openai: { store: false } };
// Thoughts are told only to who asks for them; no name of ours tells the package who can reason.
const thinking = {
  openai: { store: false, forceReasoning: true, reasoningEffort: "low", reasoningSummary: "auto" },
  anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } },
};
const asked = {
  model: modelOf(MODEL),
  maxRetries: 0,
  system: "Be kind.",
  prompt: "Hello",
  providerOptions,
};
const told = {};
const onError = ({ error }) => {
  told.trouble = String(error);
};

const chat = await generateText(asked);
told.chat = chat.text;
told.tokens = [chat.usage.inputTokens, chat.usage.outputTokens];
told.reason = chat.finishReason;

const stream = streamText({ ...asked, onError });
told.pieces = [];
for await (const piece of stream.textStream) told.pieces.push(piece);
const usage = await stream.usage;
told.streamedTokens = [usage.inputTokens, usage.outputTokens];

told.calls = [];
const weather = tool({
  description: "The weather of a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    told.calls.push(city);
    return city === "Oslo" ? "rain" : "sun";
  },
});
const loop = streamText({
  ...asked,
  tools: { weather },
  stopWhen: stepCountIs(3),
  providerOptions: thinking,
  onError,
});
told.final = "";
for await (const part of loop.fullStream) {
  if (part.type === "reasoning-delta") told.thought = (told.thought ?? "") + part.text;
}
told.final = await loop.text;

try {
  await generateText({ ...asked, model: modelOf("none-such") });
} catch (error) {
  told.error = [error.name, error.statusCode, error.message];
}
console.log(JSON.stringify(told));
