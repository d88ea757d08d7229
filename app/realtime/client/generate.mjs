// Writes frames.d.ts from the JSON Schema of the server's frame models: `npm run frames`.
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const project = new URL("../../../", import.meta.url);
const text = readFileSync(new URL("docs/protocol/schema.json", project), "utf8");
// "Any value" comes out as an object of any values unless it is said with nothing but `true`.
const schema = JSON.parse(text, (key, value) => {
  const any = key === "additionalProperties" && Object.keys(value).every((word) => word === "description");
  return any && value !== false ? true : value;
});
const banner = "/* Written by generate.mjs from docs/protocol/schema.json; change app/realtime/frames.py instead. */";
const types = await compile(
  { ...schema, title: "Frames", anyOf: ["ClientFrame", "ServerFrame"].map((name) => ({ $ref: `#/$defs/${name}` })) },
  "Frames",
  { additionalProperties: false, bannerComment: banner, unreachableDefinitions: true },
);
writeFileSync(new URL("frames.d.ts", import.meta.url), types);
