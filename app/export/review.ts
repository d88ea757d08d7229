/**
 * Keys of the review desk: j and k go from card to card, and within one a letter does what its `data-key` says.
 *
 * They work while a card has the focus and nothing is being written; with the tab key the page is whole without.
 */
const cards = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(".card")];

const writes = (element: Element): boolean => element.matches("input, textarea, select");

const go = (from: HTMLElement, by: number): void => {
  const all = cards();
  const next = all[all.indexOf(from) + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
};

const act = (card: HTMLElement, key: string): boolean => {
  const found = card.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
  if (!found) return false;
  if (writes(found)) found.focus();
  else found.click();
  return true;
};

document.addEventListener("keydown", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const card = target?.closest<HTMLElement>(".card");
  if (!target || !card || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") return card.focus();
  if (writes(target) || event.repeat) return;
  if (event.key === "j" || event.key === "k") go(card, event.key === "j" ? 1 : -1);
  else if (!act(card, event.key)) return;
  event.preventDefault();
});
