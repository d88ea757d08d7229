/** Times as people say them, on the clock of the service whatever the device believes. */
import type { Words } from "./words.js";

const ZONE = "Europe/London";
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, hour: "numeric", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });

/** Hours and minutes, as in 9:05 or 14:30. */
export function timeOf(iso: string): string {
  return clock.format(new Date(iso)).replace(/^0(?=\d:)/, "");
}

/** Day, date, month and time in words. The names come from the catalogue: few browsers know Welsh ones. */
export function momentOf(iso: string, words: Words): string {
  const [, month, date] = calendar.format(new Date(iso)).split("-").map(Number) as [number, number, number];
  const day = new Date(`${calendar.format(new Date(iso))}T12:00:00Z`).getUTCDay();
  return words("common.moment", {
    day: words("common.days").split(", ")[day] ?? "",
    date,
    month: words("common.months").split(", ")[month - 1] ?? "",
    time: timeOf(iso),
  });
}
