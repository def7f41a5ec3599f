// The keys there are, in a dialog; read when somebody asks for it.
const KEYS = [
  ["/", "Search, or filter the table of pods"],
  ["t", "The table of all pods, and back to the clusters"],
  ["g", "How clusters and pods are grouped"],
  ["← → ↑ ↓", "From pod to pod, from line to line"],
  ["Enter", "Open what has the focus"],
  ["Esc", "Close what is open"],
  ["?", "These keys"],
];

export function show() {
  const dialog = document.getElementById("keys") ?? made();
  if (!dialog.open) dialog.showModal();
}

function made() {
  const dialog = document.createElement("dialog");
  dialog.id = "keys";
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.setAttribute("closedby", "any");
  const title = document.createElement("h2");
  title.id = "keys-title";
  title.textContent = "Keys";
  const list = document.createElement("dl");
  for (const [key, words] of KEYS) {
    const term = document.createElement("dt");
    const cap = document.createElement("kbd");
    cap.textContent = key;
    term.append(cap);
    const told = document.createElement("dd");
    told.textContent = words;
    list.append(term, told);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, close);
  document.body.append(dialog);
  return dialog;
}
