// Hides what does not contain every word typed. Works on elements with data-words; a group with nothing left hides too.
(function () {
  var field = document.getElementById("filter");
  var none = document.getElementById("nothing");
  if (!field) { return; }
  field.parentNode.hidden = false;
  function apply() {
    var words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    var found = 0;
    document.querySelectorAll("[data-words]").forEach(function (element) {
      var match = words.every(function (word) { return element.dataset.words.indexOf(word) >= 0; });
      element.hidden = !match;
      found += match ? 1 : 0;
    });
    document.querySelectorAll("[data-group]").forEach(function (group) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    });
    none.hidden = found > 0;
  }
  field.addEventListener("input", apply);
  addEventListener("keydown", function (event) {
    if (event.key === "/" && document.activeElement !== field) {
      event.preventDefault();
      field.focus();
    }
  });
  apply();
})();
