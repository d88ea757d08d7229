import assert from "node:assert/strict";
import { test } from "node:test";
import { momentOf, timeOf } from "./times.js";
import { wordsFrom } from "./words.js";

const words = wordsFrom({
  "common.moment": "{day} {date} {month} am {time}",
  "common.days": "dydd Sul, dydd Llun, dydd Mawrth, dydd Mercher, dydd Iau, dydd Gwener, dydd Sadwrn",
  "common.months":
    "Ionawr, Chwefror, Mawrth, Ebrill, Mai, Mehefin, Gorffennaf, Awst, Medi, Hydref, Tachwedd, Rhagfyr",
});

test("times are those of the service's clock, in summer and in winter", () => {
  assert.equal(timeOf("2026-07-06T08:05:00Z"), "9:05");
  assert.equal(timeOf("2026-01-06T14:30:00Z"), "14:30");
});

test("a moment is told in the language of the words, on the day that it is in London", () => {
  assert.equal(momentOf("2026-07-06T08:00:00Z", words), "dydd Llun 6 Gorffennaf am 9:00");
  assert.equal(momentOf("2026-07-05T23:30:00Z", words), "dydd Llun 6 Gorffennaf am 0:30");
});
