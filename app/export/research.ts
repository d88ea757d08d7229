/**
 * Keeps the list of exports as the service has it while one is being built.
 *
 * The page is whole without it; then it must be reloaded by hand.
 */
const LOOK_MS = 2000;

const part = (page: Document, id: string): HTMLElement | null => page.getElementById(id);

/** What a button or link does, by which it is found again in a fresh list. */
const deed = (element: Element | null): string | null =>
  element?.closest("form")?.getAttribute("action") ?? element?.getAttribute("href") ?? null;

const refocus = (list: HTMLElement, lost: string | null): void => {
  const again = [...list.querySelectorAll<HTMLElement>("summary, button, a")].find((each) => deed(each) === lost);
  (again ?? list).focus();
};

/** Put what has changed in place; who reads on with a keyboard stays where they were. */
const show = (fresh: Document): void => {
  const [said, says] = [part(document, "building"), part(fresh, "building")];
  if (said && says && said.textContent !== says.textContent) said.textContent = says.textContent;
  const [old, now] = [part(document, "runs"), part(fresh, "runs")];
  if (!old || !now || old.isEqualNode(now)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const mine = document.importNode(now, true);
  old.replaceWith(mine);
  if (focused) refocus(mine, deed(focused));
};

const look = (): void => {
  const list = part(document, "runs");
  const address = list?.dataset["building"];
  if (!address) return;
  const asked = new XMLHttpRequest();
  asked.open("GET", address);
  asked.responseType = "document";
  asked.onload = () => {
    if (asked.status === 200 && asked.responseXML) show(asked.responseXML);
  };
  asked.onloadend = () => setTimeout(look, LOOK_MS);
  asked.send();
};

look();
