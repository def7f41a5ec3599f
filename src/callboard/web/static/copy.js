// Copy buttons stay hidden where they could not work: without script, or without a secure context.
export function setUpCopying() {
  if (!navigator.clipboard) return;
  document.documentElement.dataset.canCopy = "";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = button.parentElement.querySelector("code, pre").textContent;
    const label = button.innerHTML;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.innerHTML = label), 1500);
  });
}
