// Asks for the next payment code when this one is over. The form asks without a script, too.
const rotating = document.querySelector("[data-rotate]");
if (rotating) {
  const form = rotating.parentElement.querySelector("form");
  setTimeout(() => form.submit(), (Number(rotating.dataset.rotate) + 1) * 1000);
}
