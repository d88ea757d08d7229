/** Leaving at once: Shift three times, a blank page, then somewhere harmless. */

const PRESSES = 3;
const BETWEEN_MS = 5000;

/** Where "Exit this page" leads when the site does not name a place of its own. */
export const NEUTRAL = "https://www.bbc.co.uk/weather";

const COUNTED = ["loader.leaving", "loader.exit_press_one", "loader.exit_press_two"] as const;

/** The key of what a screen reader is told after a press. */
export function shiftKey(left: number | null): string {
  return (left === null ? undefined : COUNTED[left]) ?? "loader.exit_stopped";
}

export interface ShiftWatch {
  /** How many presses are left, 0 when it is done, null when the count lapsed. */
  readonly counted: (left: number | null) => void;
  readonly exit: () => void;
}

/** Calls `exit` after Shift was pressed three times on its own, with at most 5 s between presses. */
export function watchShift(target: EventTarget, { counted, exit }: ShiftWatch): void {
  let presses = 0;
  let alone = false;
  let lapse: ReturnType<typeof setTimeout> | undefined;
  const reset = (): void => {
    clearTimeout(lapse);
    presses = 0;
  };
  target.addEventListener("keydown", (event) => {
    const { key, repeat } = event as KeyboardEvent;
    if (key !== "Shift") {
      alone = false; // a capital letter is no call for help
      return reset();
    }
    if (!repeat) alone = true;
  });
  target.addEventListener("keyup", (event) => {
    if ((event as KeyboardEvent).key !== "Shift" || !alone) return;
    alone = false;
    presses += 1;
    clearTimeout(lapse);
    counted(PRESSES - presses);
    if (presses === PRESSES) {
      presses = 0;
      return exit();
    }
    lapse = setTimeout(() => {
      presses = 0;
      counted(null);
    }, BETWEEN_MS);
  });
}

/** Takes everything off the page in the same turn, title included; `kept` must be out of sight already. */
export function blank(page: Document, kept?: Element): void {
  page.title = "\u00a0";
  for (const child of [...page.body.children]) if (child !== kept) child.remove();
  for (const sheet of page.styleSheets) sheet.disabled = true;
  page.adoptedStyleSheets = [];
}
