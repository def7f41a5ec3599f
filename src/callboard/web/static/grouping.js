// How somebody groups clusters and pods is how they find them grouped on the next service, until they pick another way.
const KEY = "callboard-group";

export function setUpGrouping() {
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.(".group-by a, .by-label a");
    if (link) keep(new URL(link.href).searchParams.get("group"));
  });
  const group = kept();
  if (!group) return;
  for (const link of document.querySelectorAll('.tabs a[href$="/kubernetes"]')) link.search = new URLSearchParams({ group });
}

function keep(group) {
  try {
    localStorage.setItem(KEY, group ?? "");
  } catch {
    // a full or forbidden storage: it stays in the address alone
  }
}

function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
