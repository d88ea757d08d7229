import assert from "node:assert/strict";
import { test } from "node:test";
import { matching } from "./wrap_up.js";

const codes = [
  { id: "sleep", label: "Sleep", parent: null, synonyms: ["cysgu"] },
  { id: "school-attendance", label: "School attendance", parent: null, synonyms: [] },
  {
    id: "school-attendance/school-refusal",
    label: "School refusal",
    parent: "school-attendance",
    synonyms: ["EBSA", "barriers to school attendance"],
  },
];
const ids = (sought: string): string[] => matching(codes, sought).map((code) => code.id);

test("without a search the main topics are offered", () => {
  assert.deepEqual(ids(" "), ["sleep", "school-attendance"]);
});

test("label, id and synonyms in either language are searched, all words together", () => {
  assert.deepEqual(ids("ebsa"), ["school-attendance/school-refusal"]);
  assert.deepEqual(ids("Cysgu"), ["sleep"]);
  assert.deepEqual(ids("barriers attendance"), ["school-attendance/school-refusal"]);
  assert.deepEqual(ids("nothing like it"), []);
});
