// A form marked data-once is sent once: a second press while the answer is on its way does nothing.
// The server would recognise it anyway; this spares the payer the doubt.
document.querySelectorAll("form[data-once]").forEach(function (form) {
  form.addEventListener("submit", function (event) {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.querySelector("button").setAttribute("aria-busy", "true");
  });
});
// Coming back with the browser's arrow shows the same page again: the forms work again.
addEventListener("pageshow", function () {
  document.querySelectorAll("form[data-sent]").forEach(function (form) {
    delete form.dataset.sent;
    form.querySelector("button").removeAttribute("aria-busy");
  });
});
