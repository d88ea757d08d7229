/** What is said in the person's own language, and how long a text is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { characters, faultOf, tooLong, wordsFrom } from "./words.js";

const refused = { code: "too_large", message: "That message is longer than 4000 characters.", nextStep: "Split it." };

test("a refusal is told in the server's words only to those who read English", () => {
  const words = wordsFrom({ "error.too_large": "Mae'r neges yn rhy hir." });
  assert.deepEqual(faultOf(refused, words, "en"), { message: refused.message, nextStep: refused.nextStep });
  assert.deepEqual(faultOf(refused, words, "cy"), { message: "Mae'r neges yn rhy hir.", nextStep: "" });
});

test("where the server said nothing, the catalogue does", () => {
  const words = wordsFrom({ "error.offline": "You are offline." });
  const offline = { code: "offline", message: "", nextStep: "" };
  assert.deepEqual(faultOf(offline, words, "en"), { message: "You are offline.", nextStep: "" });
});

test("a text is as long as its code points after NFC", () => {
  assert.equal(characters("e\u0301"), 1);
  assert.equal(characters("👪"), 1);
});

test("one character too many is no plural", () => {
  const words = wordsFrom({ "widget.too_long": "by {count} characters", "widget.too_long_one": "by one character" });
  assert.equal(tooLong(words, 1), "by one character");
  assert.equal(tooLong(words, 2), "by 2 characters");
});
