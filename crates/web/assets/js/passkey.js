// Lets the passkey of a device sign in or stand in for the payment password, and adds one. Without passkeys in the
// browser nothing is shown, and the password is there.
(function () {
  if (!window.PublicKeyCredential || !navigator.credentials) { return; }
  function bytes(text) {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), function (char) {
      return char.charCodeAt(0);
    });
  }
  function text(buffer) {
    var binary = Array.from(new Uint8Array(buffer), function (byte) { return String.fromCharCode(byte); }).join("");
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  }
  // Asks the device what the server asks for, and gives what the server is to be told.
  function used(asked) {
    var options = asked.options;
    options.challenge = bytes(options.challenge);
    (options.allowCredentials || options.excludeCredentials).forEach(function (one) { one.id = bytes(one.id); });
    if (options.user) {
      options.user.id = bytes(options.user.id);
      return navigator.credentials.create({ publicKey: options }).then(function (made) {
        var said = made.response;
        return {
          id: text(made.rawId), client: text(said.clientDataJSON), authenticator: text(said.getAuthenticatorData()),
          public_key: text(said.getPublicKey()), algorithm: said.getPublicKeyAlgorithm()
        };
      });
    }
    return navigator.credentials.get({ publicKey: options }).then(function (found) {
      var said = found.response;
      return {
        id: text(found.rawId), client: text(said.clientDataJSON), authenticator: text(said.authenticatorData),
        signature: text(said.signature), user: said.userHandle && text(said.userHandle)
      };
    });
  }
  function use(button, event) {
    var form = button.form;
    var live = document.getElementById("passkey-told");
    var fields = new URLSearchParams(new FormData(form));
    event.preventDefault();
    if (button.disabled) { return; }
    // Who confirms with a passkey sends no password; who adds one does.
    if (button.type === "button") { fields.delete("password"); }
    function tell(words) {
      live.textContent = words;
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    live.textContent = button.dataset.wait;
    fetch(button.dataset.passkey, { method: "POST", body: fields, cache: "no-store" })
      .then(function (answer) {
        // Nothing can be signed as things stand; another page says why.
        if (answer.redirected) { location.replace(answer.url); return null; }
        return answer.json();
      })
      .then(function (asked) {
        if (!asked) { return null; }
        if (asked.told) { tell(asked.told); return null; }
        return used(asked).then(function (said) {
          var password = form.elements.namedItem("password");
          if (password) { password.value = ""; }
          form.elements.namedItem("passkey").value = JSON.stringify(said);
          form.action = button.dataset.send || form.action;
          form.submit();
          form.elements.namedItem("passkey").value = "";
        });
      })
      .catch(function () { tell(button.dataset.failed); });
  }
  document.querySelectorAll("[data-passkey]").forEach(function (button) {
    button.hidden = false;
    button.disabled = false;
    if (button.type === "button") {
      button.addEventListener("click", use.bind(null, button));
    } else {
      button.form.addEventListener("submit", use.bind(null, button));
    }
  });
})();
