// Copy buttons stay hidden where they could not work: without script, or without a secure context.
export function setUpCopying() {
  if (!navigator.clipboard) return;
  document.documentElement.dataset.canCopy = "";
  document.addEventListener("click", async (event) => {
    const drawn = event.target.closest("[data-copy-picture]");
    if (drawn) return copyPicture(drawn);
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

// chats take a PNG: the picture is drawn once more, twice as large, in this browser
async function copyPicture(button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png(button.dataset.copyPicture) })]);
    button.textContent = "Copied";
  } catch (error) {
    console.info("picture", error);
    button.textContent = "Not possible here: download it";
  }
  setTimeout(() => (button.textContent = label), 2500);
}

async function png(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth * 2;
  canvas.height = image.naturalHeight * 2;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"));
}
