// Counts the time to pay down, and asks the server what became of the payment when it is over.
// The end is fixed once, so a sleeping phone shows the right time when it wakes.
document.querySelectorAll("[data-countdown]").forEach(function (clock) {
  var end = Date.now() + Number(clock.dataset.countdown) * 1000;
  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }
  function tick() {
    var left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    var hours = Math.floor(left / 3600);
    clock.textContent = (hours ? hours + ":" : "") + two(Math.floor(left / 60) % 60) + ":" + two(left % 60);
    clock.classList.toggle("soon", left < 60);
    if (left === 0) {
      clearInterval(timer);
      setTimeout(function () { location.replace(clock.dataset.page); }, 1000);
    }
  }
  var timer = setInterval(tick, 1000);
  tick();
});
