// What is new is said once, politely, when it has stood for a moment; where the top of the page is out of sight, a line at the edge
// of the window says it as well, over what is read and without moving it.
const STEADY = 1_500; // what flaps is no news
const SHOWN = 20_000;

let said = null;
let timer = 0;
let end = 0;

export function tellNews() {
  const head = document.querySelector("[data-news]");
  if (!head) return;
  const { key } = head.dataset;
  said ??= key; // it was read with the page
  clearTimeout(timer);
  if (key === said) return;
  timer = setTimeout(() => {
    const now = document.querySelector("[data-news]");
    if (!now || now.dataset.key !== key) return;
    said = key;
    say(now);
  }, STEADY);
}

function say(head) {
  const news = document.getElementById("news");
  if (!news) return;
  const words = document.createElement("span");
  words.textContent = head.dataset.news;
  const link = document.createElement("a");
  link.href = "#main";
  link.textContent = "Show";
  news.replaceChildren(words, " ", link);
  news.classList.toggle("over", head.getBoundingClientRect().top < 0);
  clearTimeout(end);
  end = setTimeout(hide, SHOWN);
}

function hide() {
  document.getElementById("news")?.classList.remove("over");
}

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#news a")) return;
  event.preventDefault();
  hide();
  scrollTo({ top: 0 });
});
