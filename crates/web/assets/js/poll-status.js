// Asks every two seconds whether the outcome is known, and shows the page again when it is.
document.querySelectorAll("[data-status]").forEach(function (box) {
  var live = box.querySelector("[data-live]");
  var offline = box.querySelector("[data-offline]");
  function connected(yes) {
    live.hidden = !yes;
    offline.hidden = yes;
  }
  function ask() {
    fetch(box.dataset.status, { cache: "no-store", headers: { accept: "application/json" } })
      .then(function (answer) {
        if (!answer.ok) { throw new Error(answer.status); }
        return answer.json();
      })
      .then(function (answer) {
        connected(true);
        if (answer.status !== (box.dataset.now || "processing")) {
          location.replace(box.dataset.page);
          return;
        }
        setTimeout(ask, 2000);
      })
      .catch(function () {
        connected(false);
        setTimeout(ask, 2000);
      });
  }
  setTimeout(ask, 2000);
});
