import assert from "node:assert/strict";
import { test } from "node:test";
import { shiftKey, watchShift } from "./exit.js";

class Key extends Event {
  constructor(
    type: string,
    readonly key: string,
    readonly repeat = false,
  ) {
    super(type);
  }
}

function watched(): { press: (key: string) => void; target: EventTarget; counts: (number | null)[]; exits: () => number } {
  const target = new EventTarget();
  const counts: (number | null)[] = [];
  let exits = 0;
  watchShift(target, { counted: (left) => counts.push(left), exit: () => (exits += 1) });
  const press = (key: string): void => {
    target.dispatchEvent(new Key("keydown", key));
    target.dispatchEvent(new Key("keyup", key));
  };
  return { press, target, counts, exits: () => exits };
}

test("three presses of Shift leave, and each is counted", () => {
  const { press, counts, exits } = watched();
  for (let count = 0; count < 3; count++) press("Shift");
  assert.deepEqual(counts, [2, 1, 0]);
  assert.equal(exits(), 1);
});

test("another key between them starts the count again", () => {
  const { press, exits } = watched();
  for (const key of ["Shift", "Shift", "a", "Shift", "Shift"]) press(key);
  assert.equal(exits(), 0);
});

test("a capital letter is not a press of Shift", () => {
  const { target, counts, exits } = watched();
  for (let count = 0; count < 4; count++) {
    target.dispatchEvent(new Key("keydown", "Shift"));
    target.dispatchEvent(new Key("keydown", "A"));
    target.dispatchEvent(new Key("keyup", "A"));
    target.dispatchEvent(new Key("keyup", "Shift"));
  }
  assert.deepEqual(counts, []);
  assert.equal(exits(), 0);
});

test("the count lapses after five seconds", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { press, counts, exits } = watched();
  press("Shift");
  press("Shift");
  context.mock.timers.tick(5001);
  press("Shift");
  assert.deepEqual(counts, [2, 1, null, 2]);
  assert.equal(exits(), 0);
  context.mock.timers.tick(5001);
});

test("each count has words", () => {
  assert.deepEqual([2, 1, 0, null].map(shiftKey), [
    "loader.exit_press_two",
    "loader.exit_press_one",
    "loader.leaving",
    "loader.exit_stopped",
  ]);
});
